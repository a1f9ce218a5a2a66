"""All readers of what others wrote: good inputs for each, and what each may answer."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from snaptui import config
from snaptui.backend.files import differences, image_counter, image_reader, overlaps
from snaptui.backend.virt import domain_xml, pool_xml, snapshot_xml, uris, xml_paths
from snaptui.backend.virt.config_diff import between, changes
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import label, masked
from snaptui.common.text import literal
from snaptui.model.domain import DomainState
from snaptui.model.files import User
from snaptui.model.operation_record import Outcome, parse
from snaptui.model.snapshot_request import NewSnapshot, from_xml, to_xml
from snaptui.operations import journal
from snaptui.operations.recovery import Found, finding
from snaptui.storage.disk_then import At
from snaptui.storage.qcow2.sameness import is_as_now
from snaptui.ui.format import UNICODE
from snaptui.ui.screens.operations import outcome_of, record_lines
from tests.unit.images import MIB, Made, qemu_img
from tests.unit.test_journal import RECORD
from tests.unit.test_xml import DOMAIN, EXTERNAL, INTERNAL, snapshot_text

TOML = b"""
uri = "qemu+ssh://root@kvm7/system"
read_only = true
theme = "ansi"
snapshot_name = "{domain}-{date}-{time}-{n}"
[keys]
create = "n"
refresh = ["f5", "R"]
"""
POOL = b"<pool type='dir'><name>p</name><target><path>/img</path></target></pool>"
URIS = (b"qemu:///system", b"qemu+ssh://root:pw@host:22/system?no_verify=1", b"test:///x.xml")


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        seeds: good inputs, each with the places of its structures; none for anywhere.
        read: reads one; raises :class:`SnaptuiError` where it refuses it, and nothing else.
        text: it is a text, or bytes.
    """

    name: str
    seeds: tuple[tuple[bytes, tuple[int, ...]], ...]
    read: Callable[[bytes], object]
    text: bool = True


@contextmanager
def readers() -> Iterator[tuple[Reader, ...]]:
    """All of them; those of images need qemu-img for their seeds."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        yield (*_of_images(folder), *_of_xml(), *_of_texts(folder))


# Images


def _of_images(folder: Path) -> Iterator[Reader]:
    cases = (
        Made(("cluster_size=512",), size=MIB // 4),
        Made(("cluster_size=4096",), size=MIB, compressed=True),
        Made(("extended_l2=on", "cluster_size=16384"), size=MIB // 2),
        Made(("refcount_bits=4", "cluster_size=512"), size=MIB // 4),
        Made(("compat=0.10", "cluster_size=512"), size=MIB // 4),
    )
    made = [case.make(folder / f"{at}.qcow2") for at, case in enumerate(cases)]
    qemu_img("bitmap", "--add", made[0], "b")
    seeds = tuple((path.read_bytes(), _places(path)) for path in made)
    upper = folder / "upper.qcow2"
    options = ("-o", "cluster_size=4096", "-F", "qcow2", "-b", made[1])
    qemu_img("create", "-q", "-f", "qcow2", *options, upper)
    lower, lying_upon = made[1].read_bytes(), upper.read_bytes()
    heads = tuple((data, (0, *places)) for data, places in seeds)
    yield Reader("qcow2 head, table", heads, _head, text=False)
    yield Reader("qcow2 accounting", seeds, _accounting, text=False)
    yield Reader("qcow2 as now", seeds, _as_now, text=False)
    both = ((lower, _places(made[1])), (lying_upon, _places(upper)))
    yield Reader("qcow2 difference", seeds, _difference, text=False)
    yield Reader("qcow2 layers", both, lambda data: _layers(data, lower, lying_upon), text=False)


def _places(path: Path) -> tuple[int, ...]:
    with path.open("rb", buffering=0) as f:
        header, entries = image_reader.read_head(f, path.stat().st_size)
    tables = (header.l1_table_offset, header.refcount_table_offset, header.snapshots_offset)
    return (0, *tables, *(entry.l1_offset for entry in entries))


def _head(data: bytes) -> None:
    info = image_reader.read_open_image(io.BytesIO(data), "/img/a", len(data))
    for entry in info.snapshots:
        literal(entry.name + entry.id)


def _accounting(data: bytes) -> None:
    counted = image_counter.count_open_image(io.BytesIO(data), "/img/a", len(data), _quietly)
    usage = counted.usage
    grown = sum(one.growth for one in usage.snapshots)
    assert grown + usage.active + usage.metadata + (usage.leaked or 0) == usage.allocated
    assert 0 <= usage.allocated <= len(data) + 2 * usage.cluster_size


def _as_now(data: bytes) -> None:
    file = io.BytesIO(data)
    header, entries = image_reader.read_head(file, len(data))
    for entry in entries:
        is_as_now(file, len(data), header, entry)


def _difference(data: bytes) -> None:
    """Each entry with the disk as it is now."""

    @contextmanager
    def opened(_path: str) -> Iterator[overlaps.OpenImage]:
        yield overlaps.OpenImage(cast(BinaryIO, io.BytesIO(data)), len(data), None)

    image = image_reader.read_open_image(io.BytesIO(data), "/img/a", len(data))
    for entry in image.snapshots:
        then = (At("/img/a", entry.id),)
        assert differences.difference(then, (At("/img/a"),), _quietly, opened) >= 0


def _layers(data: bytes, lower: bytes, upper: bytes) -> None:
    """A damaged overlay on a good image, and a good one on a damaged."""
    for above, beneath in ((data, lower), (upper, data)):

        @contextmanager
        def opened(
            path: str, above: bytes = above, beneath: bytes = beneath
        ) -> Iterator[overlaps.OpenImage]:
            chosen = above if path == "/upper" else beneath
            yield overlaps.OpenImage(cast(BinaryIO, io.BytesIO(chosen)), len(chosen), None)

        found = overlaps.overlap("/upper", _quietly, open_=opened)
        assert found.both >= 0


def _quietly(_done: int, _total: int) -> None:
    """Nobody watches."""


# XML


def _of_xml() -> Iterator[Reader]:
    snapshots = tuple(
        (snapshot_text(memory, disks, DOMAIN).encode(), ())
        for memory, disks in (("<memory snapshot='internal'/>", INTERNAL), ("", EXTERNAL))
    )
    asked = to_xml(replace(NewSnapshot("s", "d"), memory_path="/img/ram")).encode()
    yield Reader("XML of domains", ((DOMAIN.encode(), ()),), _domain)
    yield Reader("XML of snapshots", snapshots, _snapshot)
    yield Reader("XML to compare", snapshots, _compare)
    yield Reader("XML of pools", ((POOL, ()),), lambda data: pool_xml.pool_kind(_words(data)))
    yield Reader("XML of admins", ((asked, ()), *snapshots), lambda data: from_xml(_words(data)))


def _words(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _domain(data: bytes) -> None:
    text = _words(data)
    found = domain_xml.parse_domain(text)
    assert found.memory >= 0 or "-" in text
    xml_paths.named(text, User("of it"))
    domain_xml.agent_connected(text)
    snapshot_xml.parse_snapshot(snapshot_xml.adopted("s", 1, text))


def _snapshot(data: bytes) -> None:
    text = _words(data)
    found = snapshot_xml.parse_snapshot(text)
    xml_paths.named(text, User(found.name))
    again = snapshot_xml.parse_snapshot(
        snapshot_xml.redefined(text, replace(found, description="as it was"))
    )
    assert again.name == found.name


def _compare(data: bytes) -> None:
    text = _words(data)
    changes(text, DOMAIN, DOMAIN)
    changes(snapshot_text("", INTERNAL, DOMAIN), text, text)
    between(snapshot_text("", INTERNAL, DOMAIN), text)


# Other texts


def _of_texts(folder: Path) -> Iterator[Reader]:
    yield Reader("configuration", ((TOML, ()),), lambda data: _configuration(data, folder))
    yield Reader("journal", ((_journal(folder), ()),), _read_journal)
    yield Reader("URIs", tuple((uri, ()) for uri in URIS), _uri)


def _configuration(data: bytes, folder: Path) -> None:
    from snaptui.model.snapshot_request import suggested_name
    from snaptui.ui import keymap

    path = folder / "config.toml"
    path.write_bytes(data)
    loaded = config.load(path)
    keymap.check(loaded.keys)
    suggested_name(loaded.snapshot_name, 1e9, "web", ())


def _journal(folder: Path) -> bytes:
    made = journal.Journal(folder / "journal")
    made.open()
    for number in (1, 2):
        made.begin(replace(RECORD, number=number))
        made.step_began(number, 0)
        made.step_ended(number, 0)
    made.end(replace(RECORD, outcome=Outcome.FAILED, error="no\nspace", hint="make room"))
    made.close()
    (path,) = (folder / "journal").iterdir()
    return path.read_bytes()


def _read_journal(data: bytes) -> None:
    records, damaged = parse(data)
    assert len(records) + damaged <= len(data.splitlines())
    for record in records:
        assert finding(record, Found(DomainState.SHUTOFF, ("good",), "good")).words
        tuple(record_lines(record, UNICODE))
        outcome_of(record)
        json.dumps(record.title)


def _uri(data: bytes) -> None:
    uri = data.decode("utf-8", "surrogateescape")
    masked(uri)
    for told in (label, uris.is_local, uris.has_one_world, uris.without_terminal):
        told(uri)
    assert ":pw@" not in label(uri)


__all__ = ["Reader", "SnaptuiError", "readers"]
