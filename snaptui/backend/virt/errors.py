"""libvirt's errors as those of snaptui, each with what to do about it."""

from __future__ import annotations

import libvirt

from snaptui.common import errors, text
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import masked

_KINDS: dict[int, type[SnaptuiError]] = {
    libvirt.VIR_ERR_NO_DOMAIN: errors.NotFound,
    libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT: errors.NotFound,
    libvirt.VIR_ERR_NO_STORAGE_POOL: errors.NotFound,
    libvirt.VIR_ERR_NO_STORAGE_VOL: errors.NotFound,
    libvirt.VIR_ERR_NO_NETWORK: errors.NotFound,
    libvirt.VIR_ERR_NO_SECRET: errors.NotFound,
    libvirt.VIR_ERR_NO_NWFILTER: errors.NotFound,
    libvirt.VIR_ERR_NO_NODE_DEVICE: errors.NotFound,
    libvirt.VIR_ERR_OPERATION_DENIED: errors.NotPermitted,
    libvirt.VIR_ERR_ACCESS_DENIED: errors.NotPermitted,
    libvirt.VIR_ERR_AUTH_FAILED: errors.NotPermitted,
    libvirt.VIR_ERR_AUTH_CANCELLED: errors.NotPermitted,
    libvirt.VIR_ERR_AUTH_UNAVAILABLE: errors.NotPermitted,
    libvirt.VIR_ERR_OPERATION_ABORTED: errors.Cancelled,
    libvirt.VIR_ERR_OPERATION_TIMEOUT: errors.Busy,
    libvirt.VIR_ERR_RESOURCE_BUSY: errors.Busy,
    libvirt.VIR_ERR_NO_SUPPORT: errors.Unsupported,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: errors.Unsupported,
    libvirt.VIR_ERR_INVALID_CONN: errors.Disconnected,
    libvirt.VIR_ERR_NO_CONNECT: errors.Disconnected,
    libvirt.VIR_ERR_RPC: errors.Disconnected,
}

LONGEST = 4000
"""Characters of an error that are kept: more than a start of QEMU that failed prints."""
_READ = 1 << 16
"""Characters of it that are looked at at all."""

_HINTS: dict[type[SnaptuiError], str] = {
    errors.Busy: "Another job holds the domain; wait until it is done.",
    errors.NotPermitted: "libvirt does not let this user do it; the group libvirt may, as a rule.",
}

_ASKS = ("permission denied (", "host key verification failed", "too many authentication failures")
_AWAY = (
    "no such file or directory",
    "broken pipe",
    "could not resolve hostname",
    "connection closed",
    "connection refused",
    "connection reset",
    "connection timed out",
    "end of file while reading data",
    "name or service not known",
    "network is unreachable",
    "no route to host",
    "operation timed out",
    "temporary failure in name resolution",
    "unable to resolve address",
)
"""What libvirt, ssh and the resolver say of hosts that are away and of links that broke."""


def translated(error: libvirt.libvirtError) -> SnaptuiError:
    """What went wrong in a call on an open connection, with libvirt's full text."""
    kind = _KINDS.get(error.get_error_code(), errors.HostError)
    if error.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE):
        kind = errors.Disconnected
    return kind(_text(error), hint=_HINTS.get(kind, ""))


def connecting(error: libvirt.libvirtError, label: str, *, interactive: bool) -> SnaptuiError:
    """Why a connection could not be opened, and what to do.

    Args:
        label: the URI, fit to be shown.
        interactive: libvirt was allowed to ask on the terminal.
    """
    code, message = error.get_error_code(), _text(error)
    low = message.lower()
    asks = code == libvirt.VIR_ERR_AUTH_CANCELLED or any(words in low for words in _ASKS)
    if asks and not interactive:
        return errors.SignInNeeded(
            f"{label} wants a sign-in: {message}.",
            hint="Sign in on the terminal. Changes and events go over connections of their own: "
            "use an ssh key or an agent for them.",
        )
    denied = (
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
        libvirt.VIR_ERR_OPERATION_DENIED,
    )
    if asks:
        return errors.NotPermitted(
            f"{label} does not let you in: {message}.",
            hint="The user, the password or the key is wrong, or the host's key is not known.",
        )
    if code in denied or low.endswith("permission denied"):
        return errors.NotPermitted(
            f"{label} does not let you in: {message}.",
            hint="To change things join the group libvirt (usermod -aG libvirt USER, then log in "
            "again); to look, --read-only may do.",
        )
    if error.get_error_domain() == libvirt.VIR_FROM_URI or "no connection driver" in low:
        return errors.ConfigError(
            f"{label} cannot be opened: {message}.",
            hint="Give a URI such as qemu:///system or qemu+ssh://root@HOST/system with -c; "
            "for qemu the host needs libvirt's QEMU driver.",
        )
    if "no such file or directory" in low or "connection refused" in low:
        return errors.Disconnected(
            f"libvirt does not run at {label}: {message}.",
            hint="Start it there (systemctl start libvirtd, or virtqemud.socket), "
            "or name another host with -c URI.",
        )
    away = "certificate" not in low and any(words in low for words in _AWAY)
    kind = errors.Disconnected if away else errors.HostError
    return kind(
        f"{label} cannot be opened: {message}.",
        hint="Check the URI given with -c.",
        title=errors.Disconnected.title,
    )


def agent_refused(message: str) -> bool:
    """Whether an agent answered a command with an error (qemu_agent.c, qemuAgentCheckError).

    Then nothing is frozen by it: an agent that fails to freeze thaws what it froze, and one whose
    hook fails after a thaw has thawed (qga/commands-posix.c).
    """
    return "unable to execute QEMU agent command" in message


def says_frozen(message: str) -> bool:
    """Whether an agent refuses because its file systems are frozen.

    qemu-ga's qga/main.c, ga_disable_not_allowed: "the agent is in frozen state".
    """
    return "frozen" in message


def _text(error: libvirt.libvirtError) -> str:
    """What libvirt says, without secrets and of a bounded length: agents and servers word it."""
    said = (error.get_error_message() or str(error))[:_READ].strip().rstrip(".")
    return text.shortened(masked(said), LONGEST)
