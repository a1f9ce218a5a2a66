"""Create, revert and delete, end to end against the bare calls of libvirt's API.

Ours is all that a confirmed dialog stands for: facts, plan, copies, journal, the checks before
the call and the read-back after it. The safety snapshot of a revert is apart: it is a create.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.host import Host
from snaptui.model.snapshot_request import NewSnapshot, to_xml
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.plan import CreateIntent, DeleteIntent, Intent, RevertIntent
from snaptui.plan.planner import make_plan
from tests.bench.table import Figure
from tests.lab import Lab
from tests.one_host import everywhere

ROUNDS = 9
ADDED = 100.0
"""Milliseconds that all of it may add to the bare call."""
VERBS = ("create", "revert", "delete")

Times = dict[str, list[float]]


def measure(lab: Lab) -> Iterator[Figure]:
    for state in ("shut off", "running"):
        key = lab.define("web", running=state == "running")
        lab.snapshot("web", "base")
        with tempfile.TemporaryDirectory() as directory:
            ours, bare = asyncio.run(_rounds(lab.uri, key, Path(directory)))
        for verb in VERBS:
            added = statistics.median(a - b for a, b in zip(ours[verb], bare[verb], strict=True))
            yield Figure(f"{verb}, {state}: the bare call", statistics.median(bare[verb]), "ms")
            yield Figure(f"{verb}, {state}: added, median of {ROUNDS}", added, "ms", ADDED)
        lab.clean()


async def _rounds(uri: str, key: DomainKey, state: Path) -> tuple[Times, Times]:
    """Milliseconds of each verb, ours and bare, turn by turn."""
    backend, worker = LibvirtBackend(uri), Worker()
    host = await worker.reads.call(backend.connect)
    over = asyncio.Event()

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            over.set()

    operations = Operations(everywhere(backend, worker), state=state, on_change=changed)
    connection = libvirt.open(uri)
    domain = connection.lookupByUUIDString(key.uuid)
    ours: Times = {verb: [] for verb in VERBS}
    bare: Times = {verb: [] for verb in VERBS}
    for number in range(ROUNDS):
        intents: tuple[Intent, ...] = (
            CreateIntent(key, f"ours-{number}", ""),
            RevertIntent(key, f"ours-{number}", safety=SafetyKind.NONE),
            DeleteIntent(key, f"ours-{number}"),
        )
        calls = _calls(domain, f"bare-{number}")
        for verb, intent in zip(VERBS, intents, strict=True):
            turns = [True, False] if number % 2 else [False, True]
            for our_turn in turns:
                began = time.perf_counter()
                if our_turn:
                    over.clear()
                    await _run(operations, host, intent, over)
                else:
                    await asyncio.to_thread(calls[verb])
                taken = (time.perf_counter() - began) * 1000
                (ours if our_turn else bare)[verb].append(taken)
    connection.close()
    operations.close()
    backend.abandon()
    return ours, bare


async def _run(operations: Operations, host: Host, intent: Intent, over: asyncio.Event) -> None:
    facts = await operations.facts(host, intent)
    operation = operations.run(make_plan(intent, facts), facts)
    await over.wait()
    ended = operations.all[operation.number]
    if ended.phase is not Phase.DONE or not ended.plan.steps:
        raise RuntimeError(f"{ended.plan.title}: {ended.error} {ended.plan.refusals}")


def _calls(domain: libvirt.virDomain, name: str) -> dict[str, Callable[[], object]]:
    return {
        "create": lambda: domain.snapshotCreateXML(to_xml(NewSnapshot(name)), 0),
        "revert": lambda: domain.revertToSnapshot(domain.snapshotLookupByName(name), 0),
        "delete": lambda: domain.snapshotLookupByName(name).delete(0),
    }
