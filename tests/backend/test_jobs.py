"""How far libvirt is with a job, as it tells it while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from snaptui.backend.protocol.backend import Backend
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Cancelled, HostError
from snaptui.model.disk import Presence as In
from snaptui.model.domain import Amount, DomainKey
from snaptui.model.snapshot import SnapshotDisk
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.operations.step_calls import Job
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot
from tests.guest import NAME, Guest
from tests.lab import Lab
from tests.unit.made import KEY, snapshot


@pytest.fixture
def backend(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    yield backend
    backend.abandon()


def test_what_is_merged_first_counts_as_done_while_the_next_disk_is_merged() -> None:
    answers = {
        "vda": iter([None, Amount(1, 4), None, None]),
        "vdb": iter([None, None, Amount(2, 6), None]),
    }

    class Fake:
        def merged(self, _key: DomainKey, target: str) -> Amount | None:
            return next(answers[target])

    parts = tuple(SnapshotDisk(target, In.EXTERNAL, f"/img/{target}") for target in answers)
    step = DeleteSnapshot(snapshot(memory=In.NO, disks=parts))
    job = Job.of(cast(Backend, Fake()), KEY, step)
    assert job is not None
    told = [job.look(unwanted=False) for _ in range(4)]
    assert told == [None, Amount(1, 4), Amount(6, 10), Amount(10, 10)]


def test_libvirt_is_asked_only_where_it_answers_at_once() -> None:
    """Whoever asks for the statistics of an internal create waits for its end."""
    inside = CreateSnapshot(NewSnapshot("a"))
    disks = (SnapshotDisk("vda", In.EXTERNAL, "/img/a.a"),)
    quick = CreateSnapshot(NewSnapshot("a", disks=disks))
    ram = CreateSnapshot(NewSnapshot("a", disks=disks, memory_path="/img/a.mem"))
    jobs = [Job.of(cast(Backend, None), KEY, step) for step in (inside, quick, ram)]
    assert [job is None for job in jobs] == [True, True, False]
    assert [bool(step.no_way_out) for step in (inside, quick, ram)] == [True, True, False]
    assert DeleteSnapshot(snapshot(), metadata_only=True).merges == ()


def test_nothing_is_asked_before_the_file_for_the_ram_is_there(
    lab: Lab, backend: LibvirtBackend
) -> None:
    """libvirt would keep the question until the create is over."""
    web, memory = lab.define("web", running=True), lab.image("web").with_suffix(".mem")
    step = CreateSnapshot(NewSnapshot("a", memory_path=str(memory)))
    job = Job.of(backend, web, step)
    assert job is not None
    calls = backend.calls
    assert job.look(unwanted=True) is None
    assert backend.calls == calls
    memory.touch()
    with pytest.raises(HostError, match="no job is active"):
        job.look(unwanted=True)
    assert job.look(unwanted=False) is None


def test_what_somebody_else_gives_up_is_cancelled(guest: Guest, backend: LibvirtBackend) -> None:
    memory = guest.disk.with_suffix(".mem")
    disks = (SnapshotDisk("vda", In.EXTERNAL, str(guest.disk.with_suffix(".ovl"))),)
    new = NewSnapshot("a", disks=disks, memory_path=str(memory))
    with guest.lab.slowed(NAME), ThreadPoolExecutor() as pool:
        create = pool.submit(backend.create_snapshot, guest.key, new)
        while backend.missing_file(str(memory)):
            assert not create.done()
        guest.lab.virsh("domjobabort", NAME)
        with pytest.raises(Cancelled, match="canceled by client"):
            create.result()
    assert not memory.exists()
