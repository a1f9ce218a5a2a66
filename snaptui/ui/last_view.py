"""What the screen was left with, host by host: it comes back at the next start.

A file of this user's alone in the state directory. What it says is taken as that of a stranger:
of what makes no sense, or is too much, nothing comes back.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType

from snaptui.common.state_files import held, open_own, replace_own

NAME = "view.json"
LARGEST = 256 << 10
"""Bytes of the file that are read."""
HOSTS, LONGEST = 200, 1000
"""Hosts that are kept, those looked at last first, and characters of what one is called."""
_ORDER = re.compile(r"[A-Z]{1,20}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HostView:
    """What one host was left with.

    Attributes:
        domain: UUID of the selected one; empty without.
        by_frees: its snapshots were sorted by what a delete frees.
        folded: its domains were not shown.
        order: name of the order of its domains; empty for the usual one.
        all_order: name of the order of the list of all snapshots; empty likewise.
    """

    domain: str = ""
    by_frees: bool = False
    folded: bool = False
    order: str = ""
    all_order: str = ""


@dataclass(frozen=True, slots=True)
class LastView:
    """What all hosts were left with, by their URI without a password.

    Attributes:
        hosts: those looked at last first.
        host: the one that the screen was about.
    """

    hosts: Mapping[str, HostView] = field(default_factory=lambda: MappingProxyType({}))
    host: str = ""


def load(directory: Path) -> LastView:
    """Read it from the state directory; nothing where it cannot be read."""
    try:
        with held(directory, make=False) as folder:
            file = open_own(NAME, os.O_RDONLY, folder)
            try:
                data = os.pread(file, LARGEST + 1, 0)
            finally:
                os.close(file)
    except OSError:
        return LastView()
    return parse(data)


def save(directory: Path, seen: Mapping[str, HostView], host: str) -> None:
    """Write it, with what other hosts were left with earlier.

    Where it cannot be written the next start begins as if there was none.

    Args:
        seen: the hosts of this run.
        host: the one that the screen is about.
    """
    import json  # not needed before the first screen is there

    known = load(directory).hosts
    others = {one: view for one, view in known.items() if one not in seen}
    kept = [(one, view) for one, view in [*seen.items(), *others.items()] if _is_name(one)]
    told = {
        "host": host,
        "hosts": [{"host": one, **asdict(view)} for one, view in kept[:HOSTS]],
    }
    with contextlib.suppress(OSError), held(directory) as folder:
        replace_own(NAME, json.dumps(told).encode(), folder)


def parse(data: bytes) -> LastView:
    """What the file says, as far as it makes sense."""
    import json

    if len(data) > LARGEST:
        return LastView()
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return LastView()
    if not isinstance(told, dict):
        return LastView()
    listed, host = told.get("hosts"), told.get("host")
    hosts = dict(_hosts(listed[:HOSTS])) if isinstance(listed, list) else {}
    known = isinstance(host, str) and host in hosts
    return LastView(MappingProxyType(hosts), str(host) if known else "")


def _hosts(listed: Iterable[object]) -> Iterable[tuple[str, HostView]]:
    for one in listed:
        name = one.get("host") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not _is_name(name):
            continue
        domain = one.get("domain")
        yield (
            str(name),
            HostView(
                domain if isinstance(domain, str) and _UUID.fullmatch(domain) else "",
                one.get("by_frees") is True,
                one.get("folded") is True,
                _word(one.get("order")),
                _word(one.get("all_order")),
            ),
        )


def _word(told: object) -> str:
    return told if isinstance(told, str) and _ORDER.fullmatch(told) else ""


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST
