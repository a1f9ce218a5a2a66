"""Reads all of one domain that its snapshots are weighed by, and counts its images; blocks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import Disconnected, SnaptuiError
from snaptui.discovery.image_counts import count
from snaptui.discovery.image_heads import read_heads
from snaptui.model.abilities import Wrong, does
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import files_of, layers_of
from snaptui.storage.branches import branches_of
from snaptui.storage.costs import holding
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Images
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.storage.reclaimable import Surveyed

if TYPE_CHECKING:
    from snaptui.model.doubts import Doubt
    from snaptui.model.files import NamedFile


def read_domain(backend: Reads, domain: Domain) -> Surveyed:
    """Its definition and its snapshots, without their images.

    Raises:
        SnaptuiError: it cannot be read. Single snapshots that cannot are told in what is returned.
    """
    return _read(backend.reading(domain.key), domain)


def read_with_files(
    backend: Reads, domain: Domain
) -> tuple[Surveyed, tuple[NamedFile | Doubt, ...] | None]:
    """The same, and what it names, from the same answers; ``None`` where that cannot be read.

    Raises:
        SnaptuiError: the domain cannot be read.
    """
    reading = backend.reading(domain.key)
    one = _read(reading, domain)
    try:
        return one, reading.named_files(domain.key)
    except Disconnected:
        raise
    except SnaptuiError:
        return one, None


def _read(reading: Reads, domain: Domain) -> Surveyed:
    key = domain.key
    config = reading.begin(partial(reading.config, key))
    names = reading.snapshot_names(key)
    current = reading.begin(partial(reading.current_snapshot, key))
    begun = {name: reading.begin(partial(reading.snapshot, key, name)) for name in names}
    snapshots: list[Snapshot] = []
    unread: dict[str, str] = {}
    for name, answer in begun.items():
        try:
            snapshots.append(answer())
        except Disconnected:
            raise
        except SnaptuiError as error:
            unread[name] = error.message
    now = current() if snapshots else None
    return Surveyed(domain, config(), tuple(snapshots), unread, current=now)


def with_layers(host: Host, one: Surveyed, heads: Images) -> Surveyed:
    """How its images lie upon each other, from their heads; pure."""
    return replace(
        one,
        layers=layers_of(
            one.config,
            one.snapshots,
            heads,
            keeps_memory=does(host, Wrong.KEEPS_MEMORY_FILES),
            branches=branches_of(host, one.config, one.snapshots, one.current),
        ),
    )


def survey(backend: Looks, host: Host, domain: Domain) -> Surveyed:
    """A domain with its images' heads.

    Raises:
        SnaptuiError: it cannot be read.
    """
    one = read_domain(backend, domain)
    reading = backend.reading(domain.key)
    return with_layers(host, one, read_heads(reading, files_of(one.config, one.snapshots)))


def count_images(backend: Files, one: Surveyed) -> Counted:
    """What each image is used for in which its snapshots can lie, or why that is not known."""
    counted: dict[str, ImageUsage | NotKnown] = {}
    for path in sorted(holding(one.config, one.snapshots)):
        head = one.layers.heads.get(path, NotKnown("it was not read"))
        if isinstance(head, NotKnown):
            counted[path] = head
        elif head.format != "qcow2":
            counted[path] = NotKnown(f"it is {head.format}, not qcow2")
        else:
            counted[path] = count(backend, path, len(one.layers.merged_beneath(path)))
    return counted
