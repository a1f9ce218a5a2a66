"""Images that were moved: the data are where the domain's disks are now, and that is said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from snaptui.model.domain import DomainKey
from snaptui.plan.outcome import End, UndoBy
from snaptui.plan.plan import DeleteIntent, RelocateIntent, RevertIntent
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.damage import Matter
from tests.lab import Lab, holds, write
from tests.live.planned import facts_of, planned
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.made import assert_refused


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    """A domain with snapshots, whose image and definition were moved together."""
    key = lab.define("web")
    for name, byte in (("one", 0x22), ("two", 0x33), ("three", 0x44)):
        lab.snapshot("web", name)
        write(lab.image("web"), byte)
    lab.virsh("snapshot-revert", "web", "two")
    lab.image("web").rename(place(lab))
    xml = lab.xml("web", inactive=True)
    lab.define_xml(xml.replace(str(lab.image("web")), str(place(lab))))
    return key


def place(lab: Lab) -> Path:
    return lab.images / "moved here.qcow2"


def test_it_is_said_where_the_data_are(lab: Lab, key: DomainKey) -> None:
    for plan in (planned(lab, RevertIntent(key, "one")), planned(lab, DeleteIntent(key, "one"))):
        (refusal,) = plan.refusals
        assert (refusal.why, refusal.way) == (Why.MOVED, Way.RELOCATE)
        assert {"now": str(place(lab)), "path": str(lab.image("web"))}.items() <= dict(
            refusal.names
        ).items()
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.press("g")
        terminal.wait("I moved", "Way back", gone="broken")


def test_adopting_it_brings_all_of_it_back(lab: Lab, key: DomainKey) -> None:
    before = tree(lab)
    for name in ("one", "two", "three"):
        again = UndoBy.REDEFINE_CURRENT if lab.current("web") == name else UndoBy.REDEFINE
        plan = planned(lab, RelocateIntent(key, name), carry_out=True)
        assert plan.possible
        assert (plan.after.end, plan.undo.by) == (End.RELOCATED, again)
    assert tree(lab) == before, "times, parents and the current one"
    assert planned(lab, RevertIntent(key, "one"), carry_out=True).possible
    assert lab.current("web") == "one"
    planned(lab, DeleteIntent(key, "three"), carry_out=True)
    assert "three" not in lab.snapshots("web")


def test_one_that_is_where_its_record_says_is_left_alone(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one")
    before = lab.virsh("snapshot-dumpxml", "web", "one")
    assert_refused(planned(lab, RelocateIntent(key, "one")), Why.NOT_MOVED)
    assert lab.virsh("snapshot-dumpxml", "web", "one") == before


def test_it_is_one_key_on_its_row(lab: Lab, key: DomainKey) -> None:
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.press("g", "a")
        terminal.wait("Correct where one of web is", "press Y")
        confirm(terminal)
        terminal.wait("I moved", gone="✗ one")


@pytest.fixture
def copied(lab: Lab, key: DomainKey) -> DomainKey:
    """The same, with the old image in its old place: a copy was made and is used."""
    shutil.copy(place(lab), lab.image("web"))
    return key


def test_of_a_copied_image_it_is_not_known_which_is_the_snapshots(
    lab: Lab, copied: DomainKey
) -> None:
    for plan in (
        planned(lab, RevertIntent(copied, "one")),
        planned(lab, DeleteIntent(copied, "one")),
    ):
        names = {"now": str(place(lab)), "path": str(lab.image("web"))}
        assert_refused(plan, Why.COPIED, **names)
        assert [one.way for one in plan.refusals] == [Way.RELOCATE_IF]
    adopt = planned(lab, RelocateIntent(copied, "one"), carry_out=True)
    assert adopt.type_name
    planned(lab, RevertIntent(copied, "one"), carry_out=True)
    assert holds(place(lab), 0x11)
    assert lab.virsh("domblklist", "web").split()[1:] == str(place(lab)).split()


def test_an_image_that_was_left_and_does_not_hold_it_is_not_its(
    lab: Lab, copied: DomainKey
) -> None:
    subprocess.run(["qemu-img", "snapshot", "-d", "one", str(lab.image("web"))], check=True)
    plan = planned(lab, RevertIntent(copied, "one"))
    assert [(one.why, one.way) for one in plan.refusals] == [(Why.LEFT_BEHIND, Way.RELOCATE)]
    assert not planned(lab, RelocateIntent(copied, "one"), carry_out=True).type_name
    assert planned(lab, RevertIntent(copied, "one")).possible
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.wait("I moved?")


def test_an_image_without_the_entry_is_not_taken_for_it(lab: Lab, key: DomainKey) -> None:
    subprocess.run(["qemu-img", "snapshot", "-d", "one", str(place(lab))], check=True)
    broken = facts_of(lab, RevertIntent(key, "one")).layers.broken
    assert {name: one.matter for name, one in broken.items()} == {
        "one": Matter.GONE,
        "two": Matter.MOVED,
        "three": Matter.MOVED,
    }


def tree(lab: Lab) -> list[str]:
    """Name, parent and time of all, and the current one."""
    return [
        *(
            line.strip()
            for name in lab.snapshots("web")
            for line in lab.virsh("snapshot-dumpxml", "web", name).splitlines()
            if "<creationTime>" in line or "<name>" in line
        ),
        lab.current("web"),
    ]
