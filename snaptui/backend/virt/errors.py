"""libvirt's errors as those of snaptui, each with what to do about it."""

from __future__ import annotations

import libvirt

from snaptui.common import errors, text
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import masked

_KINDS: dict[int, type[SnaptuiError]] = {
    libvirt.VIR_ERR_NO_DOMAIN: errors.NotFound,
    libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT: errors.NotFound,
    libvirt.VIR_ERR_NO_DOMAIN_BACKUP: errors.NotFound,
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
    errors.Busy: "libvirt is busy with another job on the domain. Wait until it ends.",
    errors.NotPermitted: "libvirt denies this to you. Members of the group libvirt usually may.",
}

_ASKS = ("permission denied (", "host key verification failed", "too many authentication failures")
_CHANGED = "remote host identification has changed"
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
_HUNG_UP = ("error in the pull function", "error in the push function", "non-properly terminated")
"""What GnuTLS says of a connection that ended in its handshake (its lib/errors.c)."""
_NOT_TAKEN = ("unable to read tls confirmation", "server verification (of our certificate")
"""What libvirt says when the host ends a connection because of the certificate that it was shown
(virNetClientSetTLSSession); the reason stands in the host's log alone."""
_CERTIFICATE = (
    "Check the certificates of both sides, and which names the host lets in (tls_allowed_dn_list "
    "in its libvirtd.conf): https://libvirt.org/kbase/tlscerts.html."
)


def translated(error: libvirt.libvirtError) -> SnaptuiError:
    """What went wrong in a call on an open connection, with libvirt's full text."""
    kind = _KINDS.get(error.get_error_code(), errors.HostError)
    if error.get_error_domain() in (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE):
        kind = errors.Disconnected
    return kind(_text(error), hint=_HINTS.get(kind, ""))


def connecting(
    error: libvirt.libvirtError, label: str, transport: str, *, asked: bool, interactive: bool
) -> SnaptuiError:
    """Why a connection could not be opened, and what to do.

    Args:
        label: the URI, fit to be shown.
        transport: the URI's.
        asked: the host wanted to be told a user or a password.
        interactive: libvirt was allowed to ask on the terminal.
    """
    message = _text(error)
    low = message.lower()
    changed = _CHANGED in low
    asks = asked or error.get_error_code() == libvirt.VIR_ERR_AUTH_CANCELLED
    asks = asks or (any(words in low for words in _ASKS) and not changed)
    if asks and not interactive:
        return errors.SignInNeeded(
            f"{label} needs a sign-in: {message}.",
            hint="Sign in on the terminal. Changes and events go over connections of their own: "
            "use an ssh key or an agent for them, or libvirt's auth.conf where it is no ssh.",
        )
    if hint := _denied(error, low, transport, asks=asks, changed=changed):
        return errors.NotPermitted(f"{label} denies access: {message}.", hint=hint)
    if "certificate" in low:  # a URI of no known driver is taken for one of TLS, too
        hint = f"Check the URI given with -c. {_CERTIFICATE}"
        return errors.ConfigError(f"{label} cannot be opened: {message}.", hint=hint)
    if error.get_error_domain() == libvirt.VIR_FROM_URI or "no connection driver" in low:
        return errors.ConfigError(
            f"{label} cannot be opened: {message}.",
            hint="Give a URI such as qemu:///system or qemu+ssh://root@HOST/system with -c; "
            "for qemu the host needs libvirt's QEMU driver.",
        )
    if "ssh: connect to host" in low:
        return errors.Disconnected(
            f"{label} cannot be reached: {message}.", hint="Check the host and its sshd."
        )
    if "no such file or directory" in low or "connection refused" in low:
        return errors.Disconnected(
            f"libvirt does not run at {label}: {message}.",
            hint="Start it there (systemctl start libvirtd, or virtqemud.socket), "
            "or name another host with -c URI.",
        )
    away = any(words in low for words in (*_AWAY, *_HUNG_UP))
    kind = errors.Disconnected if away else errors.HostError
    return kind(
        f"{label} cannot be opened: {message}.",
        hint="Check the URI given with -c.",
        title=errors.Disconnected.title,
    )


def _denied(
    error: libvirt.libvirtError, low: str, transport: str, *, asks: bool, changed: bool
) -> str:
    """What to do about a host that does not let the user in; empty when it is not that."""
    if changed:
        return (
            "The host has another key than ssh knows: make sure that it is the host, then mend "
            "ssh's known_hosts."
        )
    if asks:
        return "The user, the password or the key is wrong, or the host's key is not known."
    if any(words in low for words in _NOT_TAKEN):
        return _CERTIFICATE
    if any(words in low for words in _HUNG_UP):  # with the code of a refusal
        return ""
    refused = error.get_error_code() in (
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
        libvirt.VIR_ERR_OPERATION_DENIED,
    )
    if not refused and "permission denied" not in low:
        return ""
    if transport == "tls" and ("certificate" in low or "tls" in low):
        return _CERTIFICATE
    if transport in ("tls", "tcp"):
        return "The user or the password in libvirt's auth.conf is wrong."
    return (
        "To change things join the group libvirt (usermod -aG libvirt USER, then log in "
        "again); to look, --read-only may do."
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
