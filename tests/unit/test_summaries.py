"""Which numbers of snapshots are read when; the backend is a fake that counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import cast

import pytest

from snaptui.backend.protocol.reads import Reads
from snaptui.common.worker import Worker
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotSummary
from snaptui.monitor import summaries
from snaptui.monitor.summaries import AT_ONCE, Summaries

KEYS = tuple(DomainKey("qemu:///system", f"{number:032x}") for number in range(100))


class Counting:
    """Every domain has as many snapshots as it was asked about."""

    def __init__(self) -> None:
        self.asked: list[DomainKey] = []

    def summary(self, key: DomainKey) -> SnapshotSummary:
        self.asked.append(key)
        return SnapshotSummary(self.asked.count(key))


class Told:
    """What was handed over, and how often."""

    def __init__(self) -> None:
        self.times, self.all = 0, dict[DomainKey, SnapshotSummary]()
        self._came = asyncio.Event()

    def take(self, read: Mapping[DomainKey, SnapshotSummary]) -> None:
        self.times += 1
        self.all.update(read)
        self._came.set()

    async def until(self, count: int) -> None:
        """Wait for the sum of all numbers."""
        async with asyncio.timeout(30):
            while sum(one.count or 0 for one in self.all.values()) < count:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def read() -> AsyncIterator[tuple[Summaries, Counting, Told]]:
    backend, told = Counting(), Told()
    made = Summaries(cast(Reads, backend), Worker(), told.take)
    running = asyncio.create_task(made.run())
    try:
        yield made, backend, told
    finally:
        running.cancel()


async def test_those_on_screen_are_read_first_and_handed_over_together() -> None:
    async with read() as (made, backend, told):
        made.show(KEYS[50:60])
        made.want(KEYS)
        await told.until(100)
        first = set(backend.asked[: 10 + AT_ONCE])
        assert first >= set(KEYS[50:60])
        assert told.times < 50, "not one by one"


async def test_of_many_those_that_are_not_on_screen_are_read_again_in_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summaries, "BESIDE", 30)
    async with read() as (made, backend, told):
        made.show(KEYS[:10])
        made.want(KEYS)
        await told.until(100)
        for number in (1, 2, 3):
            made.want_round(beside=True)
            await told.until(100 + number * 40)
        again = backend.asked[100:]
        assert [again.count(key) for key in KEYS] == [3] * 10 + [1] * 90


async def test_of_a_host_that_is_only_listed_none_but_those_on_screen_are_read_again() -> None:
    async with read() as (made, backend, told):
        made.want(KEYS)
        await told.until(100)
        made.show(KEYS[:10])
        made.want_round(beside=False)
        await told.until(110)
        assert set(backend.asked[100:]) == set(KEYS[:10])


async def test_what_is_gone_is_forgotten() -> None:
    async with read() as (made, backend, told):
        made.want(KEYS)
        await told.until(100)
        made.keep(KEYS[:5])
        made.want_round(beside=True)
        await told.until(105)
        assert set(backend.asked[100:]) == set(KEYS[:5])
