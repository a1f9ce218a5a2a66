"""What works on this machine, and on another one with and without a storage pool: the docs' table.

Each cell is what snaptui itself says on a real host; the table in docs/using.md must be the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Worker
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form
from snaptui.model.domain import DomainKey
from snaptui.model.group_mark import Group, new_id
from snaptui.model.image import ImageKey, ImageSnapshot, PlacedEntry
from snaptui.monitor.usage import Counting
from snaptui.plan.image.orphan import aside_name
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    EditIntent,
    ImageCreate,
    ImageExtract,
    Intent,
    Plan,
    RemoveLeftover,
    RevertIntent,
)
from snaptui.plan.planner import make_plan
from snaptui.plan.steps.group import FreezeGuest
from snaptui.storage.qcow2.usage import ImageUsage
from tests.lab import Lab, qemu_img
from tests.live.planned import read_image
from tests.ssh import behind_ssh

USING = Path(__file__).parents[2] / "docs" / "using.md"
BEGIN, END = "<!-- near and far -->\n", "<!-- /near and far -->"
COLUMNS = ("what", "this machine", "another, images in a pool", "another, in no pool")
STAMP = "20261120T025500Z"


@dataclass(frozen=True)
class Place:
    """A host as it is reached, and what there is on it."""

    backend: LibvirtBackend
    web: DomainKey
    layered: DomainKey
    running: DomainKey
    image: str
    overlay: str
    orphan: str
    entry: ImageSnapshot

    def plan(self, intent: Intent) -> Plan:
        host = self.backend.host
        assert host is not None
        return make_plan(intent, read_facts(self.backend, host, intent, ask_agent=False))


def planned(make: Callable[[Place], Intent]) -> Callable[[Place], str]:
    """Whether a plan can be confirmed, and how."""

    def say(place: Place) -> str:
        try:
            plan = place.plan(make(place))
        except SnaptuiError:
            return "no"
        if not plan.possible:
            return "no"
        return "yes, the name is typed" if plan.type_name else "yes"

    return say


def read(ask: Callable[[Place], object]) -> Callable[[Place], str]:
    """Whether something is known."""

    def say(place: Place) -> str:
        try:
            return "yes" if ask(place) else "no"
        except SnaptuiError:
            return "?"

    return say


def _figures(place: Place) -> str:
    """At once, when asked for, or not at all."""

    async def counted(*, again: bool) -> bool:
        over = asyncio.Event()
        counting = Counting(place.backend, Worker(), on_change=over.set)
        host = place.backend.host
        assert host is not None
        counting.want({place.image: place.backend.image(place.image)}, near=host.local, again=again)
        while counting.under_way:
            over.clear()
            await over.wait()
        return isinstance(counting.state.counted[place.image], ImageUsage)

    try:
        if asyncio.run(counted(again=False)):
            return "yes"
        return "when asked for (`F5`)" if asyncio.run(counted(again=True)) else "?"
    except SnaptuiError:
        return "?"


def _space(place: Place) -> str:
    for ask, words in (
        (place.backend.file_system, "yes"),
        (place.backend.pool_space, "of the pool's last refresh (`~`)"),
    ):
        try:
            if ask(place.image).size:
                return words
        except SnaptuiError:
            continue
    return "?"


def _frozen_together(place: Place) -> str:
    group = Group(new_id(1_800_000_000.0, "abcd"), 2, together=True)
    intent = CreateIntent(place.running, "new", "", Form.DISK_ONLY, quiesce=True, group=group)
    steps = place.plan(intent).steps
    return "yes" if any(isinstance(step, FreezeGuest) for step in steps) else "each alone"


ROWS: dict[str, Callable[[Place], str]] = {
    "list domains and snapshots": read(lambda at: at.backend.snapshot_names(at.web)),
    "see unmanaged and hollow snapshots, encryption, backing chains": read(
        lambda at: at.backend.image(at.image).snapshots
    ),
    "what snapshots take, and what a delete frees": _figures,
    "how full the file system is": _space,
    "how much differs between two times (`=`)": read(
        lambda at: at.backend.overlap(at.overlay, lambda _done, _total: None)
    ),
    "who has an image open": read(lambda at: at.backend.openers(at.image) is not None),
    "create, internal": planned(lambda at: CreateIntent(at.web, "new", "")),
    "create, external": planned(lambda at: CreateIntent(at.web, "new", "", Form.DISK_ONLY)),
    "revert, internal": planned(lambda at: RevertIntent(at.web, "in")),
    "delete, internal": planned(lambda at: DeleteIntent(at.web, "in")),
    "delete, external (merge)": planned(lambda at: DeleteIntent(at.layered, "over")),
    "rename, describe, hold": planned(lambda at: EditIntent(at.web, "in", "other words")),
    "groups: guests frozen at one moment": _frozen_together,
    "copy a snapshot to a file (`x`)": planned(
        lambda at: ImageExtract(
            ImageKey(at.backend.uri, at.image), PlacedEntry(0, at.entry), f"{at.image}.copy"
        )
    ),
    "change images that no domain uses": planned(
        lambda at: ImageCreate(ImageKey(at.backend.uri, f"{at.image}.alone"), "new")
    ),
    "remove orphaned overlays": planned(
        lambda at: RemoveLeftover(ImageKey(at.backend.uri, at.orphan), aside_name(at.orphan, STAMP))
    ),
}


@pytest.fixture
def places(lab: Lab, tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    """The lab reached by a URI; it has snapshots of both kinds, an orphan and a lone image."""
    lab.define("web")
    lab.snapshot("web", "in")
    lab.define("layered")
    lab.snapshot("layered", "over", "--disk-only")
    lab.define("running", running=True)
    image, base = lab.image("web"), f"{lab.images}/base.qcow2"
    (entry,) = read_image(lab, image).snapshots
    for path in (f"{image}.alone", base):
        qemu_img("create", "-q", "-f", "qcow2", path, "1M")
    orphan = f"{lab.images}/orphan.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", orphan)
    overlay = str(lab.image("layered").with_suffix(".over"))
    opened: list[LibvirtBackend] = []

    def place(uri: str) -> Place:
        opened.append(backend := LibvirtBackend(uri))
        backend.connect()
        web, layered, running = (
            lab.key(name)._replace(host=uri) for name in ("web", "layered", "running")
        )
        return Place(backend, web, layered, running, str(image), overlay, orphan, entry)

    yield place
    for one in opened:
        one.abandon()


@contextmanager
def images_pool(lab: Lab) -> Iterator[None]:
    """The lab's images as a pool, while it lasts."""
    target = ("--type=dir", f"--target={lab.images}")
    lab.virsh("pool-create-as", "images", *target)
    try:
        yield
    finally:
        lab.virsh("pool-destroy", "images")


def test_the_table_of_near_and_far_is_what_snaptui_says(
    lab: Lab, places: Callable[[str], Place], tmp_path: Path
) -> None:
    far = behind_ssh(lab, tmp_path)
    near = {what: ask(places(lab.uri)) for what, ask in ROWS.items()}
    alone = {what: ask(places(far)) for what, ask in ROWS.items()}
    with images_pool(lab):
        pooled = {what: ask(places(far)) for what, ask in ROWS.items()}
    rows = (f"| {what} | {near[what]} | {pooled[what]} | {alone[what]} |\n" for what in ROWS)
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    table = head + "".join(rows)
    told = USING.read_text().partition(BEGIN)[2].partition(END)[0]
    assert told.strip() == table.strip(), f"docs/using.md should have:\n{table}"
