"""The first lines of the details: what a delete frees and a revert would lose, as far as known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model import hold_mark
from snaptui.model.disk import Presence
from snaptui.model.domain import Domain, DomainState
from snaptui.model.image import ImageSnapshot, NotKnown
from snaptui.model.snapshot import SnapshotDisk, SnapshotSet
from snaptui.monitor.snapshots import Shown
from snaptui.storage.disk_cost import Counted
from snaptui.storage.qcow2.usage import ImageUsage, SnapshotUsage, Usage
from snaptui.ui.format import UNICODE
from snaptui.ui.panes.lines import Sides, sides
from snaptui.ui.panes.summary import summary_lines
from snaptui.ui.snapshot_graph import Row, RowKind
from tests.unit.made import CREATED, KEY, VDA, VDB, config, snapshot

MIB = 1 << 20
THEN = config(VDA)
ENTRY = ImageSnapshot("1", "s1", CREATED, 0)
ONE = replace(
    snapshot("s1", config=THEN, disks=(SnapshotDisk("vda", Presence.INTERNAL),)),
    description="before the kernel",
)
ON = Domain(KEY, "web", DomainState.RUNNING)
OFF = Domain(KEY, "web", DomainState.SHUTOFF)


def counted(active: int) -> Counted:
    share = SnapshotUsage(3 * MIB, 3 * MIB, MIB, MIB)
    usage = Usage(65536, 9 * MIB, active, 65536, 0, 0, (share,), {})
    assert VDA.path is not None
    return {VDA.path: ImageUsage(VDA.path, (ENTRY,), usage, 1, 1, 9 * MIB, False, 1.0)}


def found(known: Counted, domain: Domain | None = OFF, **more: object) -> dict[str, Sides]:
    """By name."""
    one = replace(ONE, **more)  # type: ignore[arg-type]  # names of Snapshot's fields
    shown = Shown(KEY, SnapshotSet(("s1",), "s1", {"s1": one}), config=config(VDA, VDB))
    lines = summary_lines(Row("s1", RowKind.CURRENT, "", one), shown, known, domain)
    return {line.name.strip(): line for line in lines if isinstance(line, Sides)}


@pytest.mark.parametrize(
    ("active", "domain", "said"),
    [
        (64 * 1024, OFF, "would lose 64K on vda; now new: vdb"),
        (64 * 1024, ON, "would lose 64K or more on vda, and the running memory; now new: vdb"),
        (64 * 1024, None, "would lose 64K or more on vda; now new: vdb"),
        (0, OFF, "would lose no data, as far as counted; now new: vdb"),
        (
            0,
            ON,
            "would lose the running memory and no data, as far as counted; now new: vdb",
        ),
    ],
)
def test_a_revert_loses_what_is_known_to_be_in_no_snapshot(
    active: int, domain: Domain | None, said: str
) -> None:
    assert found(counted(active), domain)["revert"].left == said


def test_what_is_not_known_is_a_question_with_its_reason() -> None:
    assert VDA.path is not None
    seen = found({VDA.path: NotKnown("too far away")})
    assert seen["frees"].left == "? (vda: too far away)"
    assert "? on vda (too far away)" in seen["revert"].left


def test_of_a_disk_that_was_another_image_then_all_is_lost() -> None:
    """As the dialog says: what lies beneath an overlay is not what the disk writes to."""
    beneath = config(replace(VDA, path="/img/beneath.qcow2"))
    said = found(counted(0), config=beneath)["revert"].left
    assert said.startswith("would lose all that vda holds now; now ")


def test_name_time_parent_description_and_hold_are_there() -> None:
    seen = found(counted(0))
    assert (seen["s1"].right, seen[""].left, seen[""].right) == (
        "the first", "before the kernel", "",
    )  # fmt: skip
    hold = hold_mark.Hold("root", "2026-11-28T10:00:00Z")
    held = found(counted(0), parent="s0", description=hold_mark.marked("", hold))
    assert held["s1"].right == "after s0"
    assert (held[""].left, held[""].right) == ("no description", "held by root since 2026-11-28")


def test_a_delete_frees_so_much_alone_and_so_much_with_what_is_older() -> None:
    assert found(counted(0))["frees"].left == ("(1.0M) alone, 1.0M together with everything older")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_both_sides_fill_one_line(width: int) -> None:
    for line in (Sides("a" * 50, "b" * 60, "c" * 70), Sides("", "b", "c"), Sides("a", "b")):
        text = "".join(cell for cell, _ in sides(line, width, UNICODE))
        assert len(text) <= width
        assert all(one[:1] in text for one in (line.name, line.left, line.right))
