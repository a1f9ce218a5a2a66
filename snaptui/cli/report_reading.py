"""Reads what a report is made of; blocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from functools import partial
from typing import TypeVar

from snaptui.backend.files.image_counter import count_image
from snaptui.backend.files.image_reader import read_image
from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.cli.report import (
    DiskReport,
    DomainReport,
    EntryReport,
    OverlayReport,
    Report,
    SnapshotReport,
    UnmanagedReport,
    UnreadHost,
)
from snaptui.common.errors import ConfigError, Disconnected, HostError, ImageError, SnaptuiError
from snaptui.common.masking import label
from snaptui.common.threads import begun
from snaptui.discovery.domain_survey import count_images, survey
from snaptui.discovery.image_counts import count
from snaptui.model.disk import Disk
from snaptui.model.domain import Domain
from snaptui.model.group_mark import described
from snaptui.model.hold_mark import hold_of
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.safety_mark import is_safety
from snaptui.model.snapshot import Snapshot, depths
from snaptui.storage.costs import cost_of, reclaim_of
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged, odd, without_ram
from snaptui.storage.qcow2.usage import DOUBTS, ImageUsage
from snaptui.storage.reclaimable import Surveyed
from snaptui.storage.unnamed import unnamed_overlays

T = TypeVar("T")


def make_report(
    hosts: Mapping[str, Callable[[], Looks]], wanted: Sequence[str], timeout: float
) -> Report:
    """Count the images of domains, and images by themselves.

    Args:
        hosts: by URI, what connects to it; none when only images are wanted. They are read at
            the same time.
        wanted: names or UUIDs of domains, and paths of images (with a slash in them);
            nothing for all domains.
        timeout: seconds that the hosts have to list their domains.

    Raises:
        ConfigError: there is no such domain.
        SnaptuiError: the only host cannot be asked.
    """
    paths = [path for path in wanted if is_image(path)]
    names = [name for name in wanted if not is_image(name)]
    listed: dict[str, tuple[Looks, list[Domain]]] = {}
    unread: list[UnreadHost] = []
    listing = {uri: begun(partial(_listed, connect)) for uri, connect in hosts.items()}
    until = time.monotonic() + timeout
    for uri, found in listing.items():
        try:
            listed[uri] = _answer(found, until)
        except SnaptuiError as error:
            if len(hosts) == 1:
                raise
            unread.append(UnreadHost(label(uri), error.message))
    if names:
        listed = _chosen(listed, names, unread)
    reading = [
        begun(partial(lambda at, those: [_domain(at, one) for one in those], *of))
        for of in listed.values()
    ]
    domains = tuple(domain for of_host in reading for domain in of_host.result())
    return Report(domains, tuple(map(_image_by_itself, paths)), tuple(unread))


def _answer(found: Future[T], until: float) -> T:
    try:
        return found.result(max(0.0, min(until - time.monotonic(), threading.TIMEOUT_MAX)))
    except NotYet:
        raise HostError("It did not answer in time.", hint="--timeout gives it longer.") from None


def _listed(connect: Callable[[], Looks]) -> tuple[Looks, list[Domain]]:
    backend = connect()
    return backend, sorted(backend.domains(), key=lambda domain: domain.name)


def is_image(word: str) -> bool:
    """Whether an argument means an image and not a domain, whose name has no slash."""
    return "/" in word


def _chosen(
    listed: Mapping[str, tuple[Looks, list[Domain]]],
    names: Sequence[str],
    unread: Sequence[UnreadHost],
) -> dict[str, tuple[Looks, list[Domain]]]:
    """The domains of these names or UUIDs, in their order; each is on one host at least."""
    for name in names:
        if not any(name in (d.name, d.key.uuid) for _, those in listed.values() for d in those):
            where = "this host" if len(listed) == 1 else "the hosts that could be read"
            raise ConfigError(
                f"There is no domain {name} on {where}.",
                hint=f"Not read: {', '.join(one.uri for one in unread)}."
                if unread
                else "For an image write its path with a slash (./image.qcow2).",
            )
    return {
        uri: (backend, [d for name in names for d in those if name in (d.name, d.key.uuid)])
        for uri, (backend, those) in listed.items()
    }


def _domain(backend: Looks, domain: Domain) -> DomainReport:
    made = DomainReport(domain.name, domain.key.uuid, label(domain.key.host), domain.state.value)
    host = backend.host
    assert host is not None, "it was connected"
    try:
        one = survey(backend, host, domain)
        checkpoints = backend.checkpoints(domain.key)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return replace(made, reason=error.message)
    counted = count_images(backend, one)
    names = frozenset((*(snapshot.name for snapshot in one.snapshots), *one.unread))
    depth = depths(one.snapshots)
    read = sorted(one.snapshots, key=lambda each: (each.created or 0, depth[each.name], each.name))
    together = reclaim_of(one.things, counted, one.layers)
    unnamed = unnamed_overlays(one.config, one.snapshots, one.layers)
    return replace(
        made,
        frees=_known(together),
        frees_reason=together.reason if isinstance(together, NotKnown) else None,
        snapshots=(
            *(_snapshot(snapshot, one, counted) for snapshot in read),
            *(SnapshotReport(name, reason=why) for name, why in sorted(one.unread.items())),
        ),
        unmanaged=tuple(
            _unmanaged(thing, one, counted) for thing in one.things if isinstance(thing, Unmanaged)
        ),
        overlays=tuple(
            OverlayReport(each.target, each.path, each.lower, each.top, each.whose)
            for each in unnamed
        ),
        checkpoints=checkpoints,
        disks=tuple(
            _disk(backend, disk, names, counted)
            for disk in one.config.disks
            if disk.device in ("disk", "lun")
        ),
    )


def _snapshot(snapshot: Snapshot, one: Surveyed, counted: Counted) -> SnapshotReport:
    heads, broken = one.layers.heads, one.layers.broken.get(snapshot.name)
    hold, cost = hold_of(snapshot), cost_of(snapshot, counted, one.layers)
    made = SnapshotReport(
        name=snapshot.name,
        parent=snapshot.parent,
        created=snapshot.created,
        kind=snapshot.kind.value,
        state=snapshot.state,
        memory=snapshot.has_memory,
        current=snapshot.name == one.current,
        safety=is_safety(snapshot.name),
        held_by=hold.who if hold is not None else None,
        description=described(snapshot),
        problem=broken.matter.mark
        if broken is not None
        else without_ram([snapshot], heads).get(snapshot.name)
        or odd([snapshot], heads).get(snapshot.name)
        or None,
    )
    if isinstance(cost, NotKnown):
        return replace(made, reason=cost.reason)
    reasons = [part.reason for part in (cost.written, cost.reclaim) if isinstance(part, NotKnown)]
    return replace(
        made,
        written=_known(cost.written),
        frees=_known(cost.reclaim),
        approximate=cost.approximate,
        reason="; ".join(dict.fromkeys(reasons)) or None,
    )


def _unmanaged(unmanaged: Unmanaged, one: Surveyed, counted: Counted) -> UnmanagedReport:
    images = tuple(path for path, _ in unmanaged.parts)
    frees = reclaim_of((unmanaged,), counted, one.layers)
    reason = frees.reason if isinstance(frees, NotKnown) else None
    return UnmanagedReport(unmanaged.name, unmanaged.created, images, _known(frees), reason)


def _known(size: int | NotKnown) -> int | None:
    return None if isinstance(size, NotKnown) else size


def _disk(backend: Files, disk: Disk, names: Collection[str], known: Counted) -> DiskReport:
    made = DiskReport(disk.target, disk.path, disk.format or None)
    if disk.path is None:
        return replace(made, reason=disk.no_path.reason)
    if disk.format != "qcow2":  # what a guest wrote into it is no head of an image
        return _raw(made, backend)
    counted = known[disk.path] if disk.path in known else count(backend, disk.path, 0)
    if isinstance(counted, NotKnown):
        return _head(made, backend.image, counted.reason, names)
    return _counted(made, counted, names)


def _raw(made: DiskReport, backend: Files) -> DiskReport:
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
        return _head(made, read_image, error.message, None)


def _counted(made: DiskReport, image: ImageUsage, names: Collection[str] | None) -> DiskReport:
    usage = image.usage
    doubts = []
    if image.approximate:
        doubts.append(DOUBTS[image.in_use])
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
    why: str,
    names: Collection[str] | None,
) -> DiskReport:
    """As much as can be had of an image that cannot be counted."""
    path = made.path or ""
    try:
        head = read(path)
    except ImageError as error:
        return replace(made, reason=error.message)
    reason = why if head.format == "qcow2" else f"it is {head.format}, not qcow2"
    return replace(
        made,
        format=head.format,
        virtual_size=head.virtual_size,
        disk_size=head.disk_size,
        reason=reason,
        snapshots=tuple(_entry(entry, names) for entry in head.snapshots),
    )


def _entry(entry: ImageSnapshot, names: Collection[str] | None) -> EntryReport:
    return EntryReport(
        id=entry.id,
        name=entry.name,
        created=entry.created,
        vm_state=entry.vm_state,
        known_to_libvirt=None if names is None else entry.name in names,
    )


def _quietly(_done: int, _total: int) -> None:
    """Keep quiet of how far it is: no screen shows it."""
