"""snaptui with its clocks sped up, which tells on SIGUSR1 what it holds.

Usage: python -m tests.soak.program FILE ARGUMENTS...
    FILE: where it writes :class:`Held` as JSON, whole each time.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import weakref
from collections import Counter
from collections.abc import MutableSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import libvirt

import snaptui.monitor.free_space
import snaptui.monitor.host
import snaptui.monitor.snapshots
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.domain import Domain
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs import dialog

FASTER = 100
"""How many times sooner than usual everything is read again."""

_refreshes = 0
_apps: MutableSet[SnaptuiApp] = weakref.WeakSet()
_handles: MutableSet[object] = weakref.WeakSet()


@dataclass
class Held:
    """What the process holds at a moment.

    Attributes:
        refreshes: how often the domains were listed so far.
        memory: resident, in bytes.
        objects: of libvirt's binding, by their class.
        domain: the one whose snapshots are shown; empty without.
        tree: of these, by name, the parent's name; ``None`` while they are read.
        busy: operations that are not over.
    """

    refreshes: int
    memory: int
    files: int
    threads: int
    objects: dict[str, int]
    domain: str
    tree: dict[str, str | None] | None
    busy: int


def held() -> Held:
    """Count, after what nobody refers to is gone."""
    gc.collect()
    objects = Counter(type(one).__name__ for one in list(_handles))
    (app,) = _apps
    shown = app.session.snapshots.shown
    tree = None
    if shown is not None and shown.snapshots is not None and shown.snapshots.complete:
        details = shown.snapshots.details
        tree = {name: details[name].parent for name in shown.snapshots.names if name in details}
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return Held(
        refreshes=_refreshes,
        memory=resident,
        files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        objects=dict(objects),
        domain=shown.key.uuid if shown is not None else "",
        tree=tree,
        busy=len(app.session.operations.unfinished),
    )


def _watch() -> None:
    """Note what is made; who asks the collector for all objects breaks what threads build."""
    plain = LibvirtBackend.domains

    def counted(backend: LibvirtBackend) -> tuple[Domain, ...]:
        global _refreshes
        _refreshes += 1
        return plain(backend)

    LibvirtBackend.domains = counted  # type: ignore[method-assign, assignment]  # counted
    _note(SnaptuiApp, _apps)
    for kind in vars(libvirt).values():
        if isinstance(kind, type) and kind.__name__.startswith("vir"):
            _note(kind, _handles)


def _note(kind: type[Any], made: MutableSet[Any]) -> None:
    plain = kind.__init__

    def noted(self: object, *args: object, **more: object) -> None:
        plain(self, *args, **more)
        made.add(self)

    kind.__init__ = noted


def main(file: str, *arguments: str) -> int:
    """Run it."""
    from snaptui.cli.main import main as run

    for module in (snaptui.monitor.host, snaptui.monitor.snapshots, snaptui.monitor.free_space):
        module.TICK /= FASTER  # type: ignore[attr-defined]  # each has one
    dialog.READ /= FASTER
    _watch()

    def tell(_number: int, _frame: object) -> None:
        part = Path(f"{file}.part")
        part.write_text(json.dumps(asdict(held())))
        part.rename(file)

    signal.signal(signal.SIGUSR1, tell)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
