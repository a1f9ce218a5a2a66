"""Strings of others without the secrets that may stand in them."""

from __future__ import annotations

import re
import traceback
from urllib.parse import unquote

LEARNED: set[str] = set()
"""Secrets of this process: whoever quotes them, in whatever form."""

_LIBVIRT = re.compile(
    r"(bhyve|ch|esx|gsx|hyperv|lxc|openvz|parallels|qemu|test|vbox|vmware\w+|vpx|vz|xen)(\+\w+)?"
)
"""Drivers of libvirt (uri.html): what follows the path in their URIs are no secrets."""

_NAMES = r"passw(?:or)?d|passphrase|secret|token|credentials?|cookie|query|(?<![\w-])key"
_VALUE = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&'"<>]+"""
_OPTION = re.compile(
    rf"""((?:{_NAMES})\s*=\s*|["'][\w.-]*(?:{_NAMES})["']\s*:\s*)({_VALUE})""", re.IGNORECASE
)
_VARIABLE = re.compile(r"""(<(?:\w+:)?env\b[^>]*\svalue=)("[^"]*"|'[^']*')""")
_URI = re.compile(r"""(xmlns(?::[\w.-]+)?=["'])?\b([a-zA-Z][a-zA-Z0-9+.-]*)://(\S*)""")
_ENDS = re.compile(r"""["'`)\]>/.,;:]*$""")
_PASSWORD = re.compile(r":.*@", re.DOTALL)
_JSON = re.compile(r"json:\s*\{.*", re.DOTALL)
_RBD = re.compile(r"\brbd:(?!//)\S+")


def learn(uri: str) -> None:
    """Remember the password of a URI, so that it is found wherever it is quoted."""
    _, _, rest = uri.partition("://")
    found = re.match(r"[^:]*:(.+)@", rest, re.DOTALL)
    if found is None:
        return
    for whole in (found[1], unquote(found[1])):
        LEARNED.update(part for part in (whole, *re.split(r"[/?#@:]", whole)) if part)


def label(uri: str) -> str:
    """A URI of a host without a password, also where it is none."""
    start = uri.find("://") + len("://") if "://" in uri else 0
    return uri[:start] + _PASSWORD.sub(":***@", uri[start:])


def endpoint(name: str) -> str:
    """The protocol and the host of what is named by no path; the rest may be a secret.

    Where it is not certain which part is the host there is none.
    """
    protocol, colon, rest = name.partition(":")
    if not colon or not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*", protocol):
        return "***"
    if protocol == "json":
        return "json:{***}"
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0] if rest.startswith("//") else ""
    user, at, host = authority.rpartition("@")
    certain = rest.count("@") == len(at) and "@" not in user
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[\w.-]*)(:\d{1,5})?", host)
    if not certain or found is None or not host:
        return f"{protocol}:***"
    return f"{protocol}://{host}"


def masked(raw: str) -> str:
    """A string of others in which URIs and options may stand, without what may be a secret.

    What QEMU takes for the options of a driver (``json:{``) may hold one anywhere.
    """
    shown = _JSON.sub("json:{***}", raw)
    shown = _RBD.sub("rbd:***", shown)
    shown = _URI.sub(_without_secret, shown)
    shown = _OPTION.sub(_without_value, shown)
    shown = _VARIABLE.sub(_without_value, shown)
    for secret in sorted(LEARNED, key=len, reverse=True):
        shown = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", shown)
    return shown


def fault(error: BaseException) -> str:
    """The traceback of a fault of our own: no values of variables, and nothing secret."""
    return masked("".join(traceback.format_exception(error)))


def _without_secret(found: re.Match[str]) -> str:
    if found[1] or found[2] == "file":
        return found[0]
    scheme, rest = found[2], found[3]
    if _LIBVIRT.fullmatch(scheme):
        return f"{scheme}://{_PASSWORD.sub(':***@', rest)}"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    name, colon, _ = re.sub("[:%]", ":", user).partition(":")
    ends = _ENDS.search(rest)
    assert ends is not None
    if rest.count("@") != len(at) or not re.fullmatch(
        r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(:\d{1,5})?", host.rstrip(ends[0])
    ):
        return f"{scheme}://***{ends[0]}"
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)
    more = f"?***{ends[0]}" if len(path) > 1 else ""
    return f"{scheme}://{name}{':***' if colon else ''}{at}{host}{path[0]}{more}"


def _without_value(found: re.Match[str]) -> str:
    quote = found[2][0] if found[2][0] in "\"'" else ""
    return f"{found[1]}{quote}***{quote}"
