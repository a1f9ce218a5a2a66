"""The marks of groups, holds and safety snapshots have one home each."""

from __future__ import annotations

from pathlib import Path

import snaptui

PROGRAM = Path(snaptui.__file__).parent
HOMES = {
    r"group-\d": "group_mark.py",
    "group-%": "group_mark.py",
    "[held by": "hold_mark.py",
    r"\[held by": "hold_mark.py",
    "safety-%": "safety_mark.py",
    r"safety-\d": "safety_mark.py",
    "safety-": "safety_mark.py",
}


def test_nothing_else_writes_or_reads_a_mark() -> None:
    for path in PROGRAM.rglob("*.py"):
        source = path.read_text()
        found = {home for mark, home in HOMES.items() if mark in source}
        assert found <= {path.name}, path
