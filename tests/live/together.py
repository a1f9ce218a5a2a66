"""A create of several guests, frozen together, that can be ended or held up at any moment.

The refusal of a libvirt that cannot revert to what is taken is lifted: all else is as it is.

Usage: python -m tests.live.together URI STATE SIGNAL MOMENT UUID...
    SIGNAL: the number of the signal that the process sends itself, or 0
    MOMENT: ``before freeze 2``: the second call, before it is made; ``after thaw 1``: ...
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import Form
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group
from snaptui.model.host import Host
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.operations.operation import Operation
from snaptui.operations.runner import Operations
from snaptui.plan.plan import CreateIntent
from snaptui.plan.planner import make_plans
from tests.one_host import everywhere

GROUP = Group("group-20261125T120000Z-0aff", 3, together=True)
NAME = "frozen"


class HeldUp(LibvirtBackend):
    """The backend, and a signal at a moment."""

    moment, signal = "", 0

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self._counts: Counter[str] = Counter()

    @property
    def host(self) -> Host | None:
        """As if it could revert to what is taken; none of the calls here depends on that."""
        known = super().host
        return known and replace(known, libvirt=(11, 3, 0), reverts_external=True)

    def freeze(self, key: DomainKey) -> None:
        self._reach("before freeze")
        super().freeze(key)
        self._reach("after freeze")

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        self._reach("before create")
        super().create_snapshot(key, new)
        self._reach("after create")

    def thaw(self, key: DomainKey) -> None:
        self._reach("before thaw")
        super().thaw(key)
        self._reach("after thaw")

    def _reach(self, place: str) -> None:
        self._counts[place] += 1
        if f"{place} {self._counts[place]}" == self.moment and self.signal:
            os.kill(os.getpid(), self.signal)


async def main(uri: str, state: str, signal: str, moment: str, *uuids: str) -> None:
    backend, over = HeldUp(uri), asyncio.Event()
    backend.moment, backend.signal = moment, int(signal)
    backend.connect()
    host = backend.host
    assert host is not None

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            print(operation.name, operation.phase.value, operation.error, flush=True)
        if not operations.unfinished:
            over.set()

    operations = Operations(everywhere(backend, Worker()), state=Path(state), on_change=changed)
    intents = [
        CreateIntent(DomainKey(uri, uuid), NAME, "", Form.DISK_ONLY, quiesce=True, group=GROUP)
        for uuid in uuids
    ]
    facts = [await operations.facts(host, intent) for intent in intents]
    plans = make_plans(intents, facts)
    for plan in plans:
        assert plan.possible, plan.refusals
    operations.run_together(list(zip(plans, facts, strict=True)))
    await over.wait()
    operations.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
