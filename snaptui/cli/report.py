"""What snapshots cost, as data with a schema (docs/report.schema.json) and as lines for people."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from snaptui.common import text

SCHEMA = 3
"""Version of what :func:`as_json` gives: 2 was of one host alone, 1 had no number."""


@dataclass(frozen=True, slots=True)
class EntryReport:
    """One entry of an image's snapshot table; sizes in bytes, ``None`` where not known.

    Attributes:
        created: seconds since the epoch.
        known_to_libvirt: whether the domain has a snapshot of this name.
    """

    id: str
    name: str
    created: int
    vm_state: int
    refers: int | None = None
    growth: int | None = None
    frees: int | None = None
    frees_with_older: int | None = None
    known_to_libvirt: bool | None = None


@dataclass(frozen=True, slots=True)
class DiskReport:
    """One image; sizes in bytes, ``None`` where not known.

    Attributes:
        target: the disk of the domain; ``None`` for an image by itself.
        active: what only the disk as it is now reaches.
        reason: why something is not known; ``None`` when all is.
    """

    target: str | None
    path: str | None
    format: str | None
    virtual_size: int | None = None
    file_size: int | None = None
    disk_size: int | None = None
    cluster_size: int | None = None
    allocated: int | None = None
    active: int | None = None
    metadata: int | None = None
    leaked: int | None = None
    reason: str | None = None
    snapshots: tuple[EntryReport, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether it could be read, and counted where it is qcow2."""
        known = self.disk_size if self.format != "qcow2" else self.allocated
        return known is not None


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """One snapshot that libvirt knows, over all disks; sizes in bytes, ``None`` where not known.

    Attributes:
        created: seconds since the epoch; ``None`` where its record does not say.
        kind: where its data are: ``internal``, ``external``, ``mixed`` or ``no data``.
        state: libvirt's word for the guest of then.
        memory: whether it brings back the guest's RAM.
        safety: it was taken by a revert of snaptui, so that this can be undone.
        held_by: who holds it against deletes.
        written: what was written for it, or what it froze.
        frees: what deleting it alone gives back; below zero where a merge takes more.
        approximate: an image did not add up, because it was in use or is damaged.
        problem: what is the matter with it in a word; ``None`` where nothing is.
        reason: why something is not known; ``None`` when all is.
    """

    name: str
    parent: str | None = None
    created: int | None = None
    kind: str | None = None
    state: str | None = None
    memory: bool | None = None
    current: bool = False
    safety: bool = False
    held_by: str | None = None
    description: str = ""
    written: int | None = None
    frees: int | None = None
    approximate: bool = False
    problem: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UnmanagedReport:
    """A snapshot inside of images that libvirt does not know."""

    name: str
    created: int
    images: tuple[str, ...]
    frees: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OverlayReport:
    """An overlay in a disk's chain that no snapshot names.

    Attributes:
        top: the disk writes to it; else it lies beneath the image that the disk writes to.
        whose: whose it may be, in words.
    """

    target: str
    path: str
    lies_upon: str
    top: bool
    whose: str


@dataclass(frozen=True, slots=True)
class DomainReport:
    """A domain, its snapshots and its disks.

    Attributes:
        frees: what deleting all of its snapshots together gives back.
        frees_reason: why that is not known; ``None`` when it is.
        checkpoints: names of its checkpoints; ``None`` where not known.
        reason: why it could not be read; ``None`` when it was.
    """

    name: str
    uuid: str
    uri: str
    state: str
    frees: int | None = None
    frees_reason: str | None = None
    snapshots: tuple[SnapshotReport, ...] = ()
    unmanaged: tuple[UnmanagedReport, ...] = ()
    overlays: tuple[OverlayReport, ...] = ()
    checkpoints: tuple[str, ...] | None = None
    disks: tuple[DiskReport, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UnreadHost:
    """One of several hosts, of which nothing could be read."""

    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that was asked for."""

    domains: tuple[DomainReport, ...]
    images: tuple[DiskReport, ...]
    unread_hosts: tuple[UnreadHost, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that was asked for could be read, and all images counted.

        What cannot be had, as of a raw disk or of one on a network, is no part of it.
        """
        disks = (*self.images, *(disk for domain in self.domains for disk in domain.disks))
        read = all(disk.counted for disk in disks if disk.path is not None)
        records = all(one.kind is not None for domain in self.domains for one in domain.snapshots)
        unread = self.unread_hosts or any(domain.reason is not None for domain in self.domains)
        return read and records and not unread


def as_json(report: Report) -> str:
    """The report as JSON, with a newline at its end."""
    return json.dumps({"schema": SCHEMA, **asdict(report)}, indent=2) + "\n"


def as_text(report: Report, names: Mapping[str, str]) -> str:
    """The report as lines for people.

    Args:
        names: by URI, as the report has it, what a host is called.
    """
    lines: list[str] = []
    several = len({domain.uri for domain in report.domains}) + len(report.unread_hosts) > 1
    for uri, domains in itertools.groupby(report.domains, lambda domain: domain.uri):
        lines += [f"{text.literal(names.get(uri, uri))}:"] if several else []
        for domain in domains:
            lines += _domain_lines(domain)
    for host in report.unread_hosts:
        name = names.get(host.uri, host.uri)
        lines += [f"{text.literal(name)}:", f"  ? {text.literal(host.reason)}"]
    for image in report.images:
        lines += _entry_lines(image)
    return "".join(f"{line}\n" for line in lines)


def _domain_lines(domain: DomainReport) -> Iterator[str]:
    number = text.count(len(domain.snapshots), "snapshot")
    yield f"{text.literal(domain.name)}: {domain.state}, {number}, all free {_short(domain.frees)}"
    if domain.reason is not None:
        yield f"  ? {text.literal(domain.reason)}"
    if domain.snapshots or domain.unmanaged:
        yield f"  {'created':16} {'written':>9} {'frees':>9}  {'kind':9} name"
    for one in domain.snapshots:
        size = f"{_short(one.written):>9} {_short(one.frees):>9}"
        created = text.when(one.created) if one.created is not None else "?"
        marks = [
            *(["current"] if one.current else ()),
            *([f"held by {one.held_by}"] if one.held_by is not None else ()),
            *([one.problem] if one.problem is not None else ()),
            *([f"? {one.reason}"] if one.reason is not None else ()),
        ]
        name = text.literal("  ".join([one.name, *marks]))
        yield f"  {created:16} {size}  {one.kind or '?':9} {name}"
    for unmanaged in domain.unmanaged:
        name = f"{text.literal(unmanaged.name)}  (unmanaged)"
        size = f"{'':9} {_short(unmanaged.frees):>9}"
        yield f"  {text.when(unmanaged.created):16} {size}  {'internal':9} {name}"
    for overlay in domain.overlays:
        path = text.literal(overlay.path)
        target = text.literal(overlay.target)
        yield f"  {target} {path}: unnamed, no snapshot names this overlay: {overlay.whose}"
    for disk in domain.disks:
        yield from _image_lines(disk)


def _image_lines(disk: DiskReport) -> Iterator[str]:
    what = f"{disk.target} " if disk.target is not None else ""
    path = text.literal(disk.path or "no file")
    yield (
        f"  {text.literal(what)}{path}: {_short(disk.disk_size)} on the host, active "
        f"{_short(disk.active)}, metadata {_short(disk.metadata)}, leaked {_short(disk.leaked)}"
    )
    if disk.reason is not None:
        yield f"    ? {text.literal(disk.reason)}"


def _entry_lines(disk: DiskReport) -> Iterator[str]:
    yield from _image_lines(disk)
    if disk.snapshots:
        yield f"    {'created':16} {'written':>9} {'reclaim':>9} {'with older':>10}  ID  name"
    for one in disk.snapshots:
        yield (
            f"    {text.when(one.created):16} {_short(one.growth):>9} {_short(one.frees):>9} "
            f"{_short(one.frees_with_older):>10}  {text.literal(one.id)}  "
            f"{text.literal(one.name)}"
        )


def _short(size: int | None) -> str:
    return "?" if size is None else text.short_size(size)
