"""What is said of disks that were reverted in part."""

from __future__ import annotations

import pytest

from snaptui.discovery.disk_state import Part, reverted_words

NOW, HELD, NONE = Part.AS_NOW, Part.HELD, Part.NONE


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, ""),
        ({"vda": HELD, "vdb": NONE}, ""),
        ({"vda": NOW}, "vda is as a has it"),
        ({"vda": NOW, "vdb": NOW, "vdc": NONE}, "vda and vdb are as a has it"),
        ({"vda": NOW, "vdb": HELD}, "vda is as a has it, vdb is not"),
        ({"vda": HELD, "vdb": HELD, "vdc": NOW}, "vdc is as a has it, vda and vdb are not"),
    ],
)
def test_which_disks_are_as_a_snapshot_has_them(known: dict[str, Part], said: str) -> None:
    assert reverted_words(known, "a") == said
