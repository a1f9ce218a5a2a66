"""Which files the domains and snapshots of a libvirt host name, and what its pools hold."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt

from snaptui.backend.virt import xml
from snaptui.backend.virt.calls import Ask, list_snapshots
from snaptui.backend.virt.places import DEVICES, FILES, Places
from snaptui.common import shell
from snaptui.common.errors import Disconnected, SnaptuiError, Unsupported
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import Found, NamedFile, User
from snaptui.model.image import Unplaced


def named_files(
    ask: Ask, domain: libvirt.virDomain, places: Places
) -> tuple[NamedFile | Doubt, ...]:
    """What one domain's definitions and snapshots name.

    Args:
        places: resolves volumes.

    Returns:
        A doubt where one of them is not readable, or a volume cannot be resolved.

    Raises:
        SnaptuiError: the domain itself cannot be read.
    """
    return tuple(_named(ask, domain, places))


def _named(ask: Ask, domain: libvirt.virDomain, places: Places) -> Iterator[NamedFile | Doubt]:
    name = domain.name()
    live = ask(domain.XMLDesc)
    texts = [(live, User(name))]
    if ask(domain.isPersistent):
        inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
        texts.append((ask(lambda: domain.XMLDesc(inactive)), User(name)))
    for snapshot in list_snapshots(ask, domain):
        owner = User(name, snapshot.getName())
        try:
            texts.append((ask(snapshot.getXMLDesc), owner))
        except Disconnected:
            raise
        except SnaptuiError as error:
            yield Doubt(Unread.DEFINITION, owner.words, error.message)
    asked: dict[tuple[str, str], str | Unplaced] = {}
    for text, owner in texts:
        try:
            files, volumes = xml.named_files(text, owner), xml.named_volumes(text)
        except SnaptuiError as error:
            yield Doubt(Unread.DEFINITION, owner.words, error.message)
            continue
        yield from files
        for pool, volume in volumes:
            if (pool, volume) not in asked:
                asked[pool, volume] = places.of(pool, volume, fresh=True)
            place = asked[pool, volume]
            if not isinstance(place, Unplaced):
                yield NamedFile(place, owner, True)
            elif place.folder != "":
                where = None if place.folder is None else frozenset((place.folder,))
                yield Doubt(Unread.VOLUME, owner.words, place.reason, where)
    yield from _open_now(live, domain, places)


def _open_now(live: str, domain: libvirt.virDomain, places: Places) -> Iterator[NamedFile]:
    """Volumes that the running QEMU has open, wherever their pools say now that they are."""
    try:
        config = xml.parse_domain(live)
    except SnaptuiError:
        return  # that was told already
    for disk in places.placed(config, live, domain.UUIDString()).disks:
        if disk.volume is not None and disk.path is not None:
            yield NamedFile(disk.path, User(domain.name()), True)


def volumes(ask: Ask, connection: libvirt.virConnect, *, local: bool) -> Found:
    """The files of all active pools, and why some may be missing.

    A pool that is not active is a doubt for what lies in its own place alone: who uses an image
    of it is a domain or a snapshot, and these say so themselves. Where libvirt was installed
    without its storage driver there are no pools.

    Args:
        local: the directories of pools can be looked into.
    """
    paths: list[str] = []
    doubts: list[Doubt] = []
    idle: list[str] = []
    try:
        pools = ask(connection.listAllStoragePools)
    except Unsupported:
        pools = []
    for pool in pools:
        name, folder = pool.name(), ""
        try:
            text = ask(pool.XMLDesc)
            kind, folder = xml.pool_kind(text), xml.pool_target(text)
            if ask(pool.isActive):
                if kind in FILES:
                    named = [ask(volume.path) for volume in ask(pool.listAllVolumes)]
                    paths += [path for path in named if path.startswith("/")]
            elif kind in FILES or kind in DEVICES:
                if kind in FILES and folder:
                    idle.append(folder)
                if not (kind == "dir" and folder and local):
                    doubts.append(idle_pool(name, "/dev" if kind in DEVICES else folder))
        except Disconnected:
            raise
        except SnaptuiError as error:
            place = frozenset((folder,)) if local and folder else None
            idle += place or ()
            doubts.append(Doubt(Unread.POOL, name, error.message, place))
    return Found(tuple(sorted(paths)), tuple(doubts), tuple(idle))


def idle_pool(name: str, place: str) -> Doubt:
    """What is not known because a pool is not active; ``place`` is empty when not known."""
    line = shell.line(("virsh", "pool-start", f"--pool={name}"))
    reason = f"it is not active ({line}, or pool-undefine if it is no more)"
    return Doubt(Unread.POOL, name, reason, frozenset((place,)) if place else None)
