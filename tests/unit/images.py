"""Small images made by QEMU, and an accounting of them that anybody can follow."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from snaptui.model.image import NotKnown
from snaptui.storage.qcow2.accounting import count
from snaptui.storage.qcow2.format import read_header, read_snapshots
from snaptui.storage.qcow2.structures import Entry, Header
from snaptui.storage.qcow2.usage import Usage
from tests.template import Template

MIB = 1 << 20


def qemu_img(*words: str | Path) -> str:
    done = subprocess.run(["qemu-img", *words], capture_output=True, text=True, errors="replace")
    assert done.returncode in (0, 3), f"{words}: {done.stderr}"
    return done.stdout


def qemu_io(path: Path, *commands: str, form: str = "qcow2") -> None:
    """Run commands on an image that nobody uses."""
    words = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(["qemu-io", "-f", form, *words, path], capture_output=True, text=True)
    assert done.returncode == 0, f"{commands}: {done.stdout} {done.stderr}"


def check(path: Path) -> dict[str, Any]:
    """What ``qemu-img check`` says."""
    answer = json.loads(qemu_img("check", "--output=json", path))
    assert isinstance(answer, dict)
    return answer


def read(path: Path) -> tuple[Header, tuple[Entry, ...], Usage]:
    with path.open("rb", buffering=0) as f:
        size = f.seek(0, os.SEEK_END)
        header = read_header(f, size)
        entries = read_snapshots(f, header, size)
        return header, entries, count(f, size, header, entries)


@dataclass(frozen=True)
class Made:
    """How an image is made; options as for ``qemu-img create -o``."""

    options: tuple[str, ...] = ()
    size: int = 2 * MIB
    seed: int = 0
    snapshots: int = 4
    compressed: bool = False

    def make(self, path: Path) -> Path:
        """Create it, with writes, zeroes and discards between its snapshots."""
        _template(self).write(path)
        return path

    def _make(self, path: Path) -> None:
        options = ["-o", ",".join(self.options)] if self.options else []
        qemu_img("create", "-q", "-f", "qcow2", *options, path, str(self.size))
        chance = random.Random(self.seed)
        if not self.size:
            return
        self._write(path, chance, 0)
        for number in range(self.snapshots):
            qemu_img("snapshot", "-c", f"s{number}", path)
            self._write(path, chance, number + 1)
        for number in chance.sample(range(self.snapshots), self.snapshots // 4):
            qemu_img("snapshot", "-d", f"s{number}", path)

    def _write(self, path: Path, chance: random.Random, turn: int) -> None:
        """Something somewhere; QEMU compresses only where nothing is yet."""
        if not self.compressed:
            qemu_io(path, *(self._command(chance) for _ in range(4)))
            return
        source = path.with_suffix(".source")
        source.write_bytes(chance.randbytes(40 << 10) + bytes(24 << 10))
        places = list(range(0, self.size, 64 << 10))
        random.Random(self.seed).shuffle(places)
        commands = [f"write -c -s {source} {at} 64k" for at in places[3 * turn : 3 * turn + 3]]
        commands += [f"write -P 7 {at} 9k" for at in places[max(0, 3 * turn - 4) : 3 * turn : 3]]
        qemu_io(path, *commands)

    def _command(self, chance: random.Random) -> str:
        verb = chance.choice(["write -P 7", "write -P 7", "write -z", "write -zu", "discard"])
        sectors = self.size // 512
        start = chance.randrange(sectors)
        return f"{verb} {start * 512} {chance.randint(1, min(sectors - start, 300)) * 512}"


@cache
def _template(made: Made) -> Template:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "image"
        made._make(path)
        return Template(path)


class Plain:
    """The same figures by brute force: sets of clusters, byte by byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        with path.open("rb") as f:
            self.header = read_header(f, len(self.data))
            self.entries = read_snapshots(f, self.header, len(self.data))
        self.cluster = self.header.cluster_size
        self.reached = [self._walk(e.l1_offset, e.l1_entries) for e in self.entries]
        self.here = self._walk(self.header.l1_table_offset, self.header.l1_size)
        self.in_use = self._in_use()

    def refers(self, at: int) -> int:
        return self.cluster * len(self.reached[at])

    def growth(self, at: int) -> int:
        older: set[int] = set().union(*self.reached[:at])
        return self.cluster * len(self.reached[at] - older)

    def frees(self, chosen: set[int]) -> int:
        gone: set[int] = set().union(*(self.reached[at] for at in chosen))
        stay = set(self.here).union(
            *(found for at, found in enumerate(self.reached) if at not in chosen)
        )
        return self.cluster * (len(gone - stay) + self._table() - self._table(chosen))

    def _table(self, gone: Collection[int] = ()) -> int:
        """Clusters of the snapshot table that QEMU writes without some; none for no entry."""
        starts = [self.header.snapshots_offset, *(-(-one.end // 8) * 8 for one in self.entries)]
        end = 0
        for at, one in enumerate(self.entries):
            if at not in gone:
                end = -(-end // 8) * 8 + one.end - starts[at]
        return -(-end // self.cluster)

    @property
    def active(self) -> int:
        return self.cluster * len(self.here - set().union(*self.reached))

    @property
    def unsaved(self) -> int:
        """Of that, what is data."""
        tables = self._tables(self.header.l1_table_offset, self.header.l1_size)
        return self.active - self.cluster * len(tables - set().union(*self.reached))

    @property
    def allocated(self) -> int:
        return self.cluster * len(self.in_use)

    def _words(self, offset: int, number: int) -> list[int]:
        raw = self.data[offset : offset + 8 * number]
        return list(struct.unpack(f">{len(raw) // 8}Q", raw[: len(raw) // 8 * 8]))

    def _l2(self, offset: int, length: int) -> list[int]:
        words = (l1 & 0x00FF_FFFF_FFFF_FE00 for l1 in self._words(offset, length))
        return [table for table in words if table]

    def _tables(self, offset: int, length: int) -> set[int]:
        found = set(range(offset // self.cluster, -(-(offset + 8 * length) // self.cluster)))
        return found.union(table // self.cluster for table in self._l2(offset, length))

    def _walk(self, offset: int, length: int) -> set[int]:
        found = self._tables(offset, length)
        for table in self._l2(offset, length):
            words = self._words(table, self.cluster // 8)
            for word in filter(None, words[:: 2 if self.header.extended_l2 else 1]):
                found.update(self._data(word))
        return found

    def _data(self, word: int) -> range:
        if self.header.external_data_file:
            return range(0)
        if word >> 62 & 1:
            width = 62 - (self.header.cluster_bits - 8)
            start = word & (1 << width) - 1
            sectors = (word & (1 << 62) - 1) >> width
            end = start // 512 * 512 + (sectors + 1) * 512
            return range(start // self.cluster, (end - 1) // self.cluster + 1)
        data = word & 0x00FF_FFFF_FFFF_FE00
        return range(data // self.cluster, data // self.cluster + bool(data))

    def _in_use(self) -> set[int]:
        bits = self.header.refcount_bits
        blocks = self._words(
            self.header.refcount_table_offset,
            self.header.refcount_table_clusters * self.cluster // 8,
        )
        found, per_block = set(), self.cluster * 8 // bits
        for number, block in enumerate(blocks):
            raw = self.data[block : block + self.cluster] if block else b""
            counted = len(raw.rstrip(b"\0"))  # none is counted in what is left of the block
            for at in range(min(per_block, -(-counted * 8 // bits))):
                if bits >= 8:
                    value = int.from_bytes(raw[at * bits // 8 : (at + 1) * bits // 8], "big")
                else:
                    value = raw[at * bits // 8] >> at * bits % 8 & (1 << bits) - 1
                if value:
                    found.add(number * per_block + at)
        return {c for c in found if c * self.cluster < len(self.data)}


def assert_true(path: Path, chosen: list[set[int]] | None = None) -> Usage:
    """The figures of an image are those of brute force and of QEMU, and add up."""
    header, _, usage = read(path)
    plain, told = Plain(path), check(path)
    assert usage.wrong == told.get("corruptions", 0) == 0
    leaked = told.get("leaks", 0) * header.cluster_size
    assert usage.leaked == leaked
    assert usage.allocated == plain.allocated
    assert usage.active == plain.active
    assert plain.unsaved == (0 if isinstance(usage.unsaved, NotKnown) else usage.unsaved)
    for at, one in enumerate(usage.snapshots):
        assert one.refers == plain.refers(at)
        assert one.growth == plain.growth(at)
        assert one.frees == plain.frees({at}) == usage.frees([at])
        assert one.frees_with_older == plain.frees(set(range(at + 1)))
    for some in chosen or []:
        assert usage.frees(some) == plain.frees(some)
    grown = sum(one.growth for one in usage.snapshots)
    assert grown + usage.active + usage.metadata + leaked == usage.allocated
    assert sum(usage.shared.values()) * header.cluster_size == grown + usage.active
    return usage
