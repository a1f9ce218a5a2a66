"""A revert of a group that is killed while some of its domains have not been reverted.

Usage: python -m tests.live.killed URI STATE SNAPSHOT UUID... - UUID...
    Those after the dash are at the call when all others are done; then the process kills itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import RunState
from snaptui.model.domain import DomainKey
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.plan import RevertIntent
from snaptui.plan.planner import make_plans
from tests.one_host import everywhere


class HeldUp(LibvirtBackend):
    """The backend, which does not revert some domains."""

    held: frozenset[str] = frozenset()

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        if key.uuid in self.held:
            threading.Event().wait()
        super().revert(key, name, state, reset_nvram=reset_nvram)


async def main(uri: str, state: str, snapshot: str, *uuids: str) -> None:
    dash = uuids.index("-")
    backend = HeldUp(uri)
    backend.held = frozenset(uuids[dash + 1 :])
    host = backend.connect()

    def changed(operation: Operation) -> None:
        done = [one for one in operations.all.values() if one.phase is Phase.DONE]
        asked = [
            one
            for one in operations.unfinished
            if one.done == 1 and one.phase is Phase.RUNNING and len(one.began) == 2
        ]
        if (len(done), len(asked)) == (dash, len(backend.held)):
            os.kill(os.getpid(), signal.SIGKILL)

    operations = Operations(everywhere(backend, Worker()), state=Path(state), on_change=changed)
    await operations.records.open()
    every = sorted(
        (*uuids[:dash], *uuids[dash + 1 :]), key=lambda uuid: backend_name(backend, uuid)
    )
    intents = [RevertIntent(DomainKey(uri, uuid), snapshot) for uuid in every]
    facts = [await operations.facts(host, intent) for intent in intents]
    plans = make_plans(intents, facts)
    for plan in plans:
        assert plan.possible, plan.refusals
    operations.run_together(list(zip(plans, facts, strict=True)))
    await asyncio.Event().wait()


def backend_name(backend: LibvirtBackend, uuid: str) -> str:
    """The name of a domain: an admin's list has them by it."""
    return backend.status(DomainKey(backend.uri, uuid)).domain.name


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
