"""The line of a dialog that says what is lost: no more than is, and never that nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.choices import SafetyKind
from snaptui.model.image import NotKnown
from snaptui.plan.loss import EntryWritesLost, WritesLost
from tests.unit.made import CREATED

UNTOUCHED = WritesLost(
    0, False, ("vda",), CREATED, False, False, False, 0, SafetyKind.NONE
)  # fmt: skip


@pytest.mark.parametrize("kept", SafetyKind)
def test_a_guest_that_wrote_nothing_loses_nothing(kept: SafetyKind) -> None:
    one = replace(UNTOUCHED, kept=kept)
    assert one.words.startswith("nothing; no data was written to vda since 20")
    assert "counted" not in one.words
    assert replace(one, unsaved=True).words == "nothing; all data of vda is in snapshots"
    assert replace(one, at_least=True).words.endswith(", as far as counted"), "it writes meanwhile"
    assert "all written to vda" in replace(one, written=NotKnown("not counted yet")).words
    assert replace(one, written=65536).words.startswith("64.0 KiB written to vda since ")
    assert replace(one, whole=True).words.startswith("all that vda holds now")


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        (SafetyKind.NONE, "the running memory, 1 configuration change"),
        (
            SafetyKind.DISKS,
            "the running memory for good; 1 configuration change, unless you undo it",
        ),
        (
            SafetyKind.DISKS_AND_RAM,
            "the running memory, 1 configuration change, unless you undo it",
        ),
    ],
)
def test_what_else_is_lost_is_said_without_the_disks(kept: SafetyKind, lost: str) -> None:
    one = replace(UNTOUCHED, memory=True, changes=1, kept=kept)
    assert one.words.startswith(f"{lost}; no data was written to vda since ")
    assert replace(one, written=65536).words.count("64.0 KiB written to vda") == 1


@pytest.mark.parametrize("kept", [False, True])
def test_an_entry_that_is_applied_loses_what_no_snapshot_holds(kept: bool) -> None:
    assert EntryWritesLost(0, "", kept).words == "nothing; all its data is in snapshots"
    assert EntryWritesLost(0, "one", kept).words == "nothing that one does not hold"
    some = EntryWritesLost(65536, "", kept).words
    assert some == "64.0 KiB that no snapshot holds" + ", unless you undo it" * kept
    assert "? (too far away)" in EntryWritesLost(NotKnown("too far away"), "", kept).words
