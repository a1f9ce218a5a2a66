"""One reading of facts: each text once, many at a time over a link, and the same as one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.ahead import Tell, nobody
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.domain import DomainKey, Key
from snaptui.operations.xml_backup import Copies
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DeleteIntent, DomainIntent, RevertIntent
from tests.lab import Lab
from tests.link import SlowLink

COUNT = 12
NAMES = [f"s{number:02}" for number in range(COUNT)]


class Serial(LibvirtBackend):
    """Asks for everything anew, one after the other."""

    def reading(self, of: Key, tell: Tell = nobody) -> Self:
        return self


@pytest.fixture
def guest(lab: Lab) -> DomainKey:
    """A running guest with many internal snapshots, and another one beside it."""
    key = lab.define("web")
    for name in NAMES:
        lab.snapshot("web", name)
    lab.virsh("start", "--domain", "web")
    other = lab.define("db")
    assert other != key
    lab.snapshot("db", "s")
    return key


def facts_of(backend: LibvirtBackend, intent: DomainIntent) -> Facts:
    host = backend.host
    assert host is not None
    return replace(read_facts(backend, host, intent), read_at=0.0)


@pytest.fixture
def far(lab: Lab, tmp_path: Path) -> Iterator[tuple[LibvirtBackend, SlowLink]]:
    link = SlowLink(lab, tmp_path, 0.02)
    backend = LibvirtBackend(link.uri)
    backend.connect()
    backend.domains()
    yield backend, link
    backend.abandon()
    link.close()


@pytest.mark.parametrize("kind", [RevertIntent, DeleteIntent])
def test_what_is_read_at_once_is_what_is_read_one_by_one(
    guest: DomainKey,
    far: tuple[LibvirtBackend, SlowLink],
    kind: type[RevertIntent] | type[DeleteIntent],
) -> None:
    backend, _ = far
    intent = kind(guest._replace(host=backend.uri), NAMES[3])
    at_once = facts_of(backend, intent)
    serial = Serial(backend.uri)
    serial.connect()
    assert facts_of(serial, intent) == at_once
    serial.abandon()
    assert at_once.names == tuple(NAMES)


def test_over_a_link_one_waits_for_few_answers(
    guest: DomainKey, far: tuple[LibvirtBackend, SlowLink]
) -> None:
    """The images are not read through it, so all that is asked are texts."""
    backend, link = far
    intent = RevertIntent(guest._replace(host=backend.uri), NAMES[3])
    facts_of(backend, intent)  # the connection that probes is opened by the first
    before, turns = backend.calls, link.turns
    facts_of(backend, intent)
    calls, waited = backend.calls - before, (link.turns - turns) // 2
    assert calls > 2 * COUNT
    assert waited < calls / 2, f"{waited} round trips of {calls} calls were waited for"


def test_each_record_is_asked_for_once(guest: DomainKey, lab: Lab) -> None:
    """The plan, the files that the domain names, and what a revert changes are made of it."""
    lab.virsh("snapshot-create-as", "--domain", "web", "over", "--disk-only")
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    for intent in (RevertIntent(guest, NAMES[3]), DeleteIntent(guest, "over")):
        before = backend.calls
        found = facts_of(backend, intent)
        assert set(found.snapshots) == {*NAMES, "over"}
        assert backend.calls - before < 4 * COUNT, "several times would be more"
    backend.abandon()


def test_copies_of_all_records_are_whole_over_a_link(
    guest: DomainKey, far: tuple[LibvirtBackend, SlowLink], tmp_path: Path
) -> None:
    backend, _ = far
    key = guest._replace(host=backend.uri)
    made = Copies(tmp_path / "copies", tmp_path).save(backend, key, [*NAMES, "gone"])
    records = [(made / f"snapshot-{number}.xml").read_text() for number in range(1, COUNT + 1)]
    assert all(f"<name>{name}</name>" in text for name, text in zip(NAMES, records, strict=True))
    assert sorted(path.name for path in made.iterdir())[0] == "domain.xml"
    assert len(list(made.iterdir())) == COUNT + 1


def test_no_dialog_on_a_far_host_waits_for_a_connection(
    guest: DomainKey, far: tuple[LibvirtBackend, SlowLink]
) -> None:
    """The one for questions to QEMU comes with the events; a change's while the plan is read."""
    backend, link = far
    intent = RevertIntent(guest._replace(host=backend.uri), NAMES[3])
    backend.expect_changes()
    assert link.opened == 1, "a host that is only listed has one"
    backend.watch(lambda _: None)
    assert link.opened == 3
    facts_of(backend, intent)
    assert link.opened == 3
    backend.expect_changes()
    assert link.opened == 4
    backend.delete_snapshot(intent.key, NAMES[0])
    facts_of(backend, intent)
    assert link.opened == 4
    backend.only_list()
    assert [one.key for one in backend.domains() if one.key == intent.key]
    assert link.opened == 4


def test_a_far_host_that_may_only_be_looked_at_gets_no_connection_for_changes(
    lab: Lab, tmp_path: Path
) -> None:
    link = SlowLink(lab, tmp_path, 0.0)
    backend = LibvirtBackend(link.uri, read_only=True)
    backend.connect()
    backend.watch(lambda _: None)
    opened = link.opened
    backend.expect_changes()
    assert link.opened == opened
    backend.abandon()
    link.close()
