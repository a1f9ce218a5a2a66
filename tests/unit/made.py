"""Facts made up for the tests of pure code: a domain with two disks, all well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Self, TypeVar

from snaptui.common.ahead import Tell, nobody
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import Domain, DomainConfig, DomainKey, DomainState, DomainStatus, Key
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Plan
from snaptui.plan.remark import Note, Remark, Unchecked
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.shells import argv

T = TypeVar("T")


class Near:
    """A part of a fake host: what one reading of it asks for, it asks one by one."""

    def reading(self, _of: Key, _tell: Tell = nobody) -> Self:
        return self

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        return call


KEY = DomainKey("qemu:///system", "c7a5fdbd-cdaf-9455-926a-d65c16db1809")
HOST = Host(KEY.host, KEY.host, "box", "QEMU", (9, 0, 0), (7, 2, 22), local=True, read_only=False)
CREATED = 1_795_143_300
VDA = Disk("vda", "disk", "file", "/img/a.qcow2", "qcow2")
VDB = Disk("vdb", "disk", "file", "/img/b.qcow2", "qcow2")
ASKED = frozenset({"/img/a.qcow2", "/img/b.qcow2"})
"""Images for which what a create asks of them is known; a dialog that lacks it reads again."""
RAW = Disk("vdc", "disk", "file", "/img/c.raw", "raw")
CDROM = Disk("sda", "cdrom", "file", "/img/cd.iso", "raw", read_only=True)
STRANGE = [
    "two words",
    "a & b <c>",
    "[x]",
    "--force",
    "$(reboot)",
    "it's",
    'q"q',
    "日本",
    "-",
    "~",
]


def config(*disks: Disk, **more: Any) -> DomainConfig:
    return replace(DomainConfig(disks or (VDA, VDB), 1 << 30, False, (), "digest"), **more)


def snapshot(name: str = "s1", parent: str | None = None, **more: Any) -> Snapshot:
    parts = tuple(SnapshotDisk(disk.target, Presence.INTERNAL) for disk in (VDA, VDB))
    made = Snapshot(
        name, parent, CREATED, "running", "", Presence.INTERNAL, None, parts, config(), False, name
    )
    return replace(made, **more)


def image(path: str, *entries: tuple[str, str]) -> ImageInfo:
    inside = tuple(ImageSnapshot(id_, name, CREATED, 5) for id_, name in entries)
    return ImageInfo(path, "qcow2", 1 << 30, 1 << 20, inside)


def facts(*snapshots: Snapshot, disks: DomainConfig | None = None, **more: Any) -> Facts:
    """A running domain with two qcow2 disks, all well; fields of Facts or status by name."""
    names = tuple(one.name for one in snapshots)
    inside = [(str(at), name) for at, name in enumerate(names, 1)]
    domain = Domain(KEY, "web", more.pop("state", DomainState.RUNNING))
    now = disks or config()
    named = {disk.target: disk.path for disk in now.disks if disk.path is not None}
    settings = {disk.target: disk.snapshot for disk in now.disks if disk.snapshot is not None}
    status = DomainStatus(domain, now, True, False, False, next_start=named, settings=settings)
    for field in ("persistent", "managed_save", "busy"):
        if field in more:
            status = replace(status, **{field: more.pop(field)})
    built = Facts(
        who="root@kvm7",
        host=HOST,
        read_at=CREATED + 3 * 86_400,
        status=status,
        names=names,
        external=(),
        current=names[-1] if names else None,
        snapshots={one.name: one for one in snapshots},
        images={disk.path: image(disk.path, *inside) for disk in (VDA, VDB) if disk.path},
        spaces={"/img/a.qcow2": FileSystem("/img", 100 << 30, 50 << 30)},
    )
    return replace(built, **more)


def with_image(found: Facts, path: str, content: ImageInfo | NotKnown) -> Facts:
    return replace(found, images={**found.images, path: content})


def assert_refused(plan: Plan, *any_of: Why, **names: str) -> None:
    """It is refused for one of these reasons, and about just that."""
    told = [one for one in plan.refusals if one.why in any_of]
    assert any(names.items() <= dict(one.names).items() for one in told), plan.refusals
    assert not plan.possible


def assert_said(remarks: Iterable[Remark], what: Warn | Note | Unchecked, **names: str) -> None:
    """It is said, and about just that."""
    told = [one for one in remarks if one.what is what]
    assert any(names.items() <= dict(one.names).items() for one in told), remarks


def said(remarks: Iterable[Remark]) -> list[Warn | Note | Unchecked]:
    """What is said, in its order."""
    return [one.what for one in remarks]


def words(line: str) -> list[str]:
    return argv(line)
