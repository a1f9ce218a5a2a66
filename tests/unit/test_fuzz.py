"""Damaged inputs end in an error in words or in an answer, soon and in little memory."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from snaptui.backend.files.image_reader import read_image
from snaptui.common.errors import ImageError
from snaptui.common.text import invisible, literal
from tests.fuzz.readers import readers
from tests.fuzz.trying import attempt, table
from tests.unit.images import MIB, Made, read

pytestmark = pytest.mark.skipif(
    not (shutil.which("qemu-img") and shutil.which("qemu-io")),
    reason="qemu-img or qemu-io is not installed",
)

INPUTS = 200
"""For each reader; ``make fuzz`` tries more."""


def test_no_reader_does_more_than_refuse_what_is_damaged() -> None:
    with readers() as known:
        results = [attempt(reader, INPUTS) for reader in known]
    found = [(one.name, why[:200]) for one in results for why, _ in one.findings]
    assert not found, table(results)
    assert all(0 < one.refused < one.inputs for one in results if one.name != "journal"), table(
        results
    )


def test_a_snapshot_table_full_of_nonsense_is_read_within_its_bounds(tmp_path: Path) -> None:
    path = Made(("cluster_size=512",), size=MIB // 4).make(tmp_path / "a.qcow2")
    good, (header, _, _) = path.read_bytes(), read(path)
    chance, names = random.Random(1), 0
    for _ in range(200):
        table_at, data = header.snapshots_offset, bytearray(good)
        nonsense = chance.randbytes(chance.choice([8, 40, 200]))
        data[table_at : table_at + len(nonsense)] = nonsense
        path.write_bytes(data)
        with suppress(ImageError):
            entries = read_image(str(path)).snapshots
            names += len(entries)
            assert not any(invisible(c) for one in entries for c in literal(one.name + one.id))
    assert names
