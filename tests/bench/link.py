"""A plan and its operation on a host that is far away, in round trips of the link."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.plan import RevertIntent
from snaptui.plan.planner import make_plan
from tests.bench.table import Figure
from tests.lab import Lab
from tests.link import SlowLink
from tests.one_host import everywhere

COUNT = 60
TRIPS = (0.02, 0.1)
"""Seconds of a round trip."""


def measure(lab: Lab) -> Iterator[Figure]:
    key = lab.define("far")
    for number in range(COUNT):
        lab.snapshot("far", f"s{number:02}")
    lab.virsh("pool-create-as", "--name=far", "--type=dir", f"--target={lab.images}")
    for trip in TRIPS:
        with tempfile.TemporaryDirectory() as directory:
            link = SlowLink(lab, Path(directory), trip)
            dialog, operation = asyncio.run(_revert(link.uri, key, Path(directory)))
            link.close()
        of = f"a domain with {COUNT} snapshots, {trip * 1000:g} ms"
        most = 15.0 if trip > 0.05 else None
        yield Figure(f"facts of a revert, {of}", dialog / trip, "trips", most, f"{dialog:.2f} s")
        most = 40.0 if trip > 0.05 else None
        yield Figure(f"the revert, {of}", operation / trip, "trips", most, f"{operation:.2f} s")
    lab.virsh("pool-destroy", "--pool=far")
    lab.clean()


async def _revert(uri: str, near: DomainKey, state: Path) -> tuple[float, float]:
    """Seconds until its dialog can be confirmed, and from then to its end."""
    backend, worker, over = LibvirtBackend(uri), Worker(), asyncio.Event()
    ended: list[Operation] = []

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            ended.append(operation)
            over.set()

    host = await worker.reads.call(backend.connect)
    await worker.reads.call(backend.domains)
    operations = Operations(everywhere(backend, worker), state=state, on_change=changed)
    await operations.records.open()
    key = near._replace(host=uri)
    intent = RevertIntent(key, f"s{COUNT - 1:02}", safety=SafetyKind.NONE)
    began = time.perf_counter()
    facts = await operations.facts(host, intent)
    plan = make_plan(intent, facts)
    dialog = time.perf_counter() - began
    began = time.perf_counter()
    operations.run(plan, facts)
    await over.wait()
    operation = time.perf_counter() - began
    assert ended[-1].phase is Phase.DONE, ended[-1].error
    operations.close()
    backend.abandon()
    return dialog, operation
