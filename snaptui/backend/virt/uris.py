"""Which host a URI means (libvirt's uri.html), without asking libvirt."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from snaptui.common.errors import ConfigError
from snaptui.common.masking import label
from snaptui.common.state_files import base_directory

DEFAULT = "qemu:///system"
ANSWERS = 5.0
"""Seconds that ssh may take to read its own configuration."""


def default_uri() -> str:
    """The client's default: LIBVIRT_DEFAULT_URI, then ``uri_default`` of its configuration."""
    if named := os.environ.get("LIBVIRT_DEFAULT_URI"):
        return named
    try:
        text = _client_configuration().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return DEFAULT
    found = re.search(r'^\s*uri_default\s*=\s*"([^"]+)"', text, re.MULTILINE)
    return found[1] if found else DEFAULT


def transport(uri: str) -> str:
    """How it is reached, as libvirt understands the URI: ``unix``, ``ssh``, ``tls``, ..."""
    parts = _split(uri)
    return parts.scheme.partition("+")[2] or ("tls" if parts.netloc else "unix")


def is_local(uri: str) -> bool:
    """Whether paths of that host are paths of this machine."""
    parts = _split(uri)
    driver = parts.scheme.partition("+")[0]
    return driver not in ("test", "") and transport(uri) == "unix" and not parts.netloc


def has_one_world(uri: str) -> bool:
    """Whether every connection is a world of its own, so that there can be only one."""
    parts = _split(uri)
    return parts.scheme == "test" or parts.path == "/embed"


def without_terminal(uri: str) -> str:
    """The URI with which ssh asks nothing on the terminal."""
    parts = _split(uri)
    if transport(uri) not in ("ssh", "libssh", "libssh2"):
        return uri
    return f"{uri}{'&' if parts.query else '?'}no_tty=1"


def jump_host(uri: str) -> str:
    """The first host that ssh goes through to that one, as its own configuration has it.

    Empty where it goes straight there, and where ssh does not say: nothing depends on it but how
    many connections are opened at the same time.
    """
    parts = _split(uri)
    asked = parse_qs(parts.query)
    # another command than ssh may do anything when it is asked, and even read the terminal
    if parts.scheme.partition("+")[2] != "ssh" or not parts.hostname or "command" in asked:
        return ""
    import subprocess

    command = ["ssh", "-G", "--", parts.hostname]
    try:
        told = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWERS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = told.stdout.decode("utf-8", "replace")
    found = re.search(r"^proxyjump (?!none$)([^,\s]+)", words, re.MULTILINE)
    return found[1] if found else ""


def ssh_command(uri: str) -> tuple[str, ...]:
    """How the host is reached by ssh, up to its name; empty where it is not reached so.

    The parameters are libvirt's (uri.html, "Transport configuration"). One that would have ssh
    take a host for what it was never seen to be (``no_verify``) plays no part.
    """
    parts = _split(uri)
    if parts.scheme.partition("+")[2] != "ssh" or not parts.hostname:
        return ()
    asked = parse_qs(parts.query)
    command = [asked.get("command", ["ssh"])[0]]
    if parts.port:
        command += ["-p", str(parts.port)]
    if parts.username:
        command += ["-l", unquote(parts.username)]
    if "keyfile" in asked:
        command += ["-i", asked["keyfile"][0]]
    return (*command, "--", parts.hostname)


def resolved(named: str) -> str:
    """The URI that is meant: of an alias in the client's configuration, the one it stands for.

    libvirt does the same when it opens one (uri.html, "URI aliases"); a name without a colon or
    a slash is looked for there.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", named):
        return named
    try:
        text = _client_configuration().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return named
    found = re.search(r"^\s*uri_aliases\s*=\s*\[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    aliases = re.findall(r'"([^"=]+)=([^"]+)"', found[1]) if found else []
    meant: dict[str, str] = dict(aliases)
    return meant.get(named, named)


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise ConfigError(
            f"{label(uri)} is not a URI: {label(str(error))}.",
            hint="Give one such as qemu+ssh://root@HOST/system.",
        ) from error


def _client_configuration() -> Path:
    if os.geteuid() == 0:
        return Path("/etc/libvirt/libvirt.conf")
    return base_directory("XDG_CONFIG_HOME", ".config") / "libvirt" / "libvirt.conf"
