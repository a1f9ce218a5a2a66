"""What snapshots cost, for scripts and monitoring: without a screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from snaptui.backend.files.image_reader import count_image, read_image
from snaptui.backend.protocol import Backend
from snaptui.common import text
from snaptui.common.errors import ConfigError, ImageError
from snaptui.common.masking import label
from snaptui.model.domain import Disk, Domain
from snaptui.model.image import ImageInfo, ImageSnapshot
from snaptui.storage.qcow2.usage import ImageUsage


@dataclass(frozen=True, slots=True)
class SnapshotReport:
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
    snapshots: tuple[SnapshotReport, ...] = ()


@dataclass(frozen=True, slots=True)
class DomainReport:
    """A domain and its disks."""

    name: str
    uuid: str
    uri: str
    disks: tuple[DiskReport, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that was asked for."""

    domains: tuple[DomainReport, ...]
    images: tuple[DiskReport, ...]


def make_report(backend: Backend | None, wanted: Sequence[str]) -> Report:
    """Count the images of domains, and images by themselves.

    Args:
        backend: a connected host; ``None`` when only images are wanted.
        wanted: names or UUIDs of domains, and paths of images (with a slash in them);
            nothing for all domains.

    Raises:
        ConfigError: there is no such domain.
        SnaptuiError: the host cannot be asked.
    """
    paths = [path for path in wanted if is_image(path)]
    names = [name for name in wanted if not is_image(name)]
    domains: list[DomainReport] = []
    if backend is not None:
        listed = sorted(backend.domains(), key=lambda domain: domain.name)
        chosen = _chosen(listed, names) if wanted else listed
        domains = [_domain(backend, domain) for domain in chosen]
    return Report(tuple(domains), tuple(_image_by_itself(path) for path in paths))


def is_image(word: str) -> bool:
    """Whether an argument means an image and not a domain, whose name has no slash."""
    return "/" in word


def as_json(report: Report) -> str:
    """The report as JSON, with a newline at its end."""
    return json.dumps(asdict(report), indent=2) + "\n"


def as_text(report: Report) -> str:
    """The report as lines for people."""
    lines: list[str] = []
    for domain in report.domains:
        lines.append(text.literal(domain.name))
        for disk in domain.disks:
            lines += _disk_lines(disk)
    for image in report.images:
        lines += _disk_lines(image)
    return "".join(f"{line}\n" for line in lines)


def _chosen(listed: Sequence[Domain], names: Sequence[str]) -> list[Domain]:
    chosen = []
    for name in names:
        found = [d for d in listed if name in (d.name, d.key.uuid)]
        if not found:
            raise ConfigError(
                f"There is no domain {name} on this host.",
                hint="For an image write its path with a slash (./image.qcow2).",
            )
        chosen += found
    return chosen


def _domain(backend: Backend, domain: Domain) -> DomainReport:
    names = frozenset(backend.snapshot_names(domain.key))
    disks = tuple(
        _disk(backend, disk, names)
        for disk in backend.config(domain.key).disks
        if disk.device in ("disk", "lun")
    )
    return DomainReport(domain.name, domain.key.uuid, label(domain.key.host), disks)


def _disk(backend: Backend, disk: Disk, names: Collection[str]) -> DiskReport:
    made = DiskReport(disk.target, disk.path, disk.format or None)
    if disk.path is None:
        return replace(made, reason=disk.no_path.reason)
    path = disk.path
    if disk.format != "qcow2":  # what a guest wrote into it is no head of an image
        return _raw(made, backend)
    try:
        return _counted(made, backend.count_image(path, _quietly), names)
    except ImageError as error:
        return _head(made, backend.image, error, names)


def _raw(made: DiskReport, backend: Backend) -> DiskReport:
    """What is known of an image that libvirt takes for anything but qcow2."""
    try:
        head = backend.image(made.path or "", raw=True)
    except ImageError as error:
        return replace(made, reason=error.message)
    form = made.format or "raw"
    return replace(
        made,
        format=form,
        virtual_size=head.virtual_size if form == "raw" else None,
        disk_size=head.disk_size,
        reason=f"it is {form}, not qcow2",
    )


def _image_by_itself(path: str) -> DiskReport:
    made = DiskReport(None, path, "qcow2")
    try:
        return _counted(made, count_image(path, _quietly), None)
    except ImageError as error:
        return _head(made, read_image, error, None)


def _counted(made: DiskReport, image: ImageUsage, names: Collection[str] | None) -> DiskReport:
    usage = image.usage
    doubts = []
    if image.approximate:
        doubts.append("the image is in use or damaged: its refcounts do not add up")
    if usage.leaked is None:
        doubts.append("the refcounts are stale (lazy refcounts): what leaked is not known")
    return replace(
        made,
        format="qcow2",
        virtual_size=image.virtual_size,
        file_size=image.file_size,
        disk_size=image.disk_size,
        cluster_size=usage.cluster_size,
        allocated=usage.allocated,
        active=usage.active,
        metadata=usage.metadata,
        leaked=usage.leaked,
        reason="; ".join(doubts) or None,
        snapshots=tuple(
            replace(
                _entry(entry, names),
                refers=share.refers,
                growth=share.growth,
                frees=share.frees,
                frees_with_older=share.frees_with_older,
            )
            for entry, share in zip(image.entries, usage.snapshots, strict=True)
        ),
    )


def _head(
    made: DiskReport,
    read: Callable[[str], ImageInfo],
    why: ImageError,
    names: Collection[str] | None,
) -> DiskReport:
    """As much as can be had of an image that cannot be counted."""
    path = made.path or ""
    try:
        head = read(path)
    except ImageError as error:
        return replace(made, reason=error.message)
    reason = why.message if head.format == "qcow2" else f"it is {head.format}, not qcow2"
    return replace(
        made,
        format=head.format,
        virtual_size=head.virtual_size,
        disk_size=head.disk_size,
        reason=reason,
        snapshots=tuple(_entry(entry, names) for entry in head.snapshots),
    )


def _entry(entry: ImageSnapshot, names: Collection[str] | None) -> SnapshotReport:
    return SnapshotReport(
        id=entry.id,
        name=entry.name,
        created=entry.created,
        vm_state=entry.vm_state,
        known_to_libvirt=None if names is None else entry.name in names,
    )


def _disk_lines(disk: DiskReport) -> Iterator[str]:
    what = f"{disk.target} " if disk.target is not None else ""
    path = text.literal(disk.path or "no file")
    yield (
        f"  {text.literal(what)}{path}: {_short(disk.disk_size)} on the host, active "
        f"{_short(disk.active)}, metadata {_short(disk.metadata)}, leaked {_short(disk.leaked)}"
    )
    if disk.reason is not None:
        yield f"    ? {text.literal(disk.reason)}"
    if disk.snapshots:
        yield f"    {'created':16} {'written':>9} {'reclaim':>9} {'with older':>10}  ID  name"
    for one in disk.snapshots:
        stray = "" if one.known_to_libvirt is not False else "  (libvirt does not know it)"
        yield (
            f"    {text.when(one.created):16} {_short(one.growth):>9} {_short(one.frees):>9} "
            f"{_short(one.frees_with_older):>10}  {text.literal(one.id)}  "
            f"{text.literal(one.name)}{stray}"
        )


def _short(size: int | None) -> str:
    return "?" if size is None else text.short_size(size)


def _quietly(_done: int, _total: int) -> None:
    """Nobody watches how far it is."""
