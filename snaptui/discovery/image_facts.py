"""Reading the facts that a plan for one image is built on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.common.errors import ImageError
from snaptui.discovery import readings
from snaptui.discovery.image_heads import read_heads
from snaptui.discovery.inventory import own_bytes, take_inventory
from snaptui.model.doubts import Doubt
from snaptui.model.files import FileId, Openers, User, unfinished
from snaptui.model.host import Host
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.plan.image_facts import CopyFacts, ImageFacts, RemovalFacts
from snaptui.plan.plan import ImageExtract, ImageIntent, RemoveLeftover
from snaptui.storage.backing_chain import Level, chain

T = TypeVar("T")


def read_image_facts(backend: Looks, host: Host, intent: ImageIntent, who: str) -> ImageFacts:
    """Read everything that a plan for an image depends on; blocks.

    All domains are asked for a change of it, and none for a copy, which only reads.

    Args:
        who: the admin, as ``user@machine``.

    Raises:
        SnaptuiError: the host cannot be asked who uses it.
    """
    path = intent.key.path
    copied = isinstance(intent, ImageExtract)
    holders: tuple[User, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    hidden = False
    if host.local and not copied:
        inventory = take_inventory(backend, host, (path,))
        holders, doubts = inventory.held_by(path), inventory.doubts_about((path,))
        hidden = inventory.hides(path)
    lies = intent.folder if isinstance(intent, ImageExtract) else path
    removal, opened = None, path
    if isinstance(intent, RemoveLeftover):
        there = backend.file_id(path)
        own = _known(lambda: own_bytes(backend, path)) if there is not None else 0
        removal = RemovalFacts(there, backend.file_id(intent.aside), own)
        opened = path if removal.there is not None else intent.aside
    image = _known(lambda: backend.image(path))
    beneath = _beneath(backend, image)
    levels = ((path, beneath),) if beneath else ()
    return ImageFacts(
        host=host,
        who=who,
        read_at=time.time(),
        path=path,
        image=image,
        as_now=_known(lambda: backend.entries_as_now(path)),
        openers=_known(lambda: backend.openers(opened)),
        writable=_known(lambda: backend.may_write(path)),
        space=_known(lambda: backend.file_system(lies)),
        holders=holders,
        doubts=doubts,
        hidden=hidden,
        copy=_copy(backend, intent) if isinstance(intent, ImageExtract) else None,
        removal=removal,
        unlocked=readings.unlocked(backend, (path,)),
        placed=intent.placed if isinstance(intent, ImageExtract) else None,
        file=_file(backend, path),
        cut_off=(
            dict(readings.cut_off(levels))
            or dict(readings.data_gone(backend, {}, levels, placed=False))
        ).get(path, ""),
        encrypted=dict(readings.encrypted({}, levels)).get(path, ""),
        in_writing=readings.written_to(beneath) or "",
    )


def _file(backend: Files, path: str) -> tuple[int, int] | None:
    found = _known(lambda: backend.file_id(backend.real_path(path)))
    return found.inode if isinstance(found, FileId) else None


def _beneath(backend: Files, image: ImageInfo | NotKnown) -> tuple[Level, ...]:
    """What lies beneath an image."""
    if not isinstance(image, ImageInfo) or not isinstance(image.backing, str):
        return ()
    heads = read_heads(backend, {image.backing: image.backing_format == "raw"})
    return chain(image.backing, image.backing_format or "", heads)


def _copy(backend: Files, intent: ImageExtract) -> CopyFacts:
    path, entry, needs = intent.key.path, intent.placed.entry, intent.needs
    if needs is None:  # all tables of the image are read for it
        needs = _known(lambda: backend.copy_size(path, entry.id))
    part = unfinished(intent.target)
    writers = _known(lambda: backend.openers(part))
    return CopyFacts(
        folder=intent.folder,
        names=_known(lambda: backend.names_in(intent.folder)),
        needs=needs,
        writers=Openers() if isinstance(writers, NotKnown) else writers,
    )


def _known(read: Callable[[], T]) -> T | NotKnown:
    try:
        return read()
    except ImageError as error:
        return NotKnown(error.message)
