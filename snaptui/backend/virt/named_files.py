"""Which files the domains and snapshots of a libvirt host name, and what its pools hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import libvirt

from snaptui.backend.virt import domain_xml, pool_xml, xml_paths
from snaptui.backend.virt.calls import Ask, of_other_daemons
from snaptui.backend.virt.places import DEVICES, FILES, Places
from snaptui.backend.virt.texts import Texts
from snaptui.common import shell
from snaptui.common.errors import Disconnected, NotFound, SnaptuiError, Unsupported
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import Found, NamedFile, User
from snaptui.model.image import NotKnown, Unplaced

Together = Callable[[Iterable[Callable[[], Any]]], list[Any]]
"""The answers of calls that are made at the same time."""


def named_files(
    texts: Texts, domain: libvirt.virDomain, places: Places, together: Together
) -> tuple[NamedFile | Doubt, ...]:
    """What one domain's definitions and snapshots name.

    Args:
        places: resolves volumes.
        together: makes calls at the same time.

    Returns:
        A doubt where one of them is not readable, or a volume cannot be resolved.

    Raises:
        SnaptuiError: the domain itself cannot be read.
    """
    return tuple(_named(texts, domain, places, together))


def _named(
    texts: Texts, domain: libvirt.virDomain, places: Places, together: Together
) -> Iterator[NamedFile | Doubt]:
    name, uuid = domain.name(), domain.UUIDString()

    def record(snapshot: str, handle: libvirt.virDomainSnapshot) -> tuple[User, str | Doubt]:
        owner = User(name, snapshot)
        try:
            return owner, texts.snapshot(uuid, snapshot, handle)
        except Disconnected:
            raise
        except SnaptuiError as error:
            return owner, Doubt(Unread.DEFINITION, owner.words, error.message)

    live = texts.live(uuid, domain)
    told = [(live, User(name))]
    if texts.persistent(uuid, domain):
        told.append((texts.defined(uuid, domain), User(name)))
    owner, of_backup = User(name, backup=True), _of_backup(texts, uuid, domain, live)
    if isinstance(of_backup, NotKnown):
        yield Doubt(Unread.DEFINITION, owner.words, of_backup.reason)
    elif of_backup:
        told.append((of_backup, owner))
    snapshots = texts.snapshots(uuid, domain)
    for owner, text in together(partial(record, *one) for one in snapshots.items()):
        if isinstance(text, Doubt):
            yield text
        else:
            told.append((text, owner))
    asked: dict[tuple[str, str], str | Unplaced] = {}
    for text, owner in told:
        try:
            files, volumes = xml_paths.named(text, owner)
        except SnaptuiError as error:
            yield Doubt(Unread.DEFINITION, owner.words, error.message)
            continue
        yield from files
        for pool, volume in volumes:
            if (pool, volume) not in asked:
                asked[pool, volume] = places.of(pool, volume, since=time.monotonic())
            place = asked[pool, volume]
            if not isinstance(place, Unplaced):
                yield NamedFile(place, owner, True)
            elif place.folder != "":
                where = None if place.folder is None else frozenset((place.folder,))
                yield Doubt(Unread.VOLUME, owner.words, place.reason, where)
    yield from _open_now(live, name, uuid, places)


def _of_backup(texts: Texts, uuid: str, domain: libvirt.virDomain, live: str) -> str | NotKnown:
    """The XML of a backup under way; empty without one. Only QEMU that runs has one."""
    try:
        if not domain_xml.active(live):
            return ""
    except SnaptuiError:
        return ""  # whatever it names is in doubt already
    try:
        return texts.backup(uuid, domain)
    except (NotFound, Unsupported):
        return ""
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def _open_now(live: str, name: str, uuid: str, places: Places) -> Iterator[NamedFile]:
    """Volumes that the running QEMU has open, wherever their pools say now that they are."""
    if "volume" not in live:
        return
    try:
        config = domain_xml.parse_domain(live)
    except SnaptuiError:
        return  # that was told already
    for disk in places.placed(config, live, uuid).disks:
        if disk.volume is not None and disk.path is not None:
            yield NamedFile(disk.path, User(name), True)


def volumes(ask: Ask, connection: libvirt.virConnect, together: Together, *, local: bool) -> Found:
    """The files of all active pools, and why some may be missing.

    A pool that is not active is a doubt for what lies in its own place alone: who uses an image
    of it is a domain or a snapshot, and these say so themselves. Where libvirt was installed
    without its storage driver there are no pools.

    Args:
        local: the directories of pools can be looked into.
    """
    ask = of_other_daemons(ask, connection)
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
            kind, folder = pool_xml.pool_kind(text), pool_xml.pool_target(text)
            if ask(pool.isActive):
                if kind in FILES:
                    named = together(partial(ask, one.path) for one in ask(pool.listAllVolumes))
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
