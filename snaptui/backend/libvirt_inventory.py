"""Which files the domains and snapshots of a libvirt host name, and what its pools hold."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt

from snaptui.backend import xml
from snaptui.backend.libvirt_calls import Ask, list_snapshots
from snaptui.errors import Disconnected, SnaptuiError
from snaptui.files import Found, NamedFile
from snaptui.image_model import NotKnown

_FILES = ("dir", "fs", "netfs")
"""Kinds of pools whose volumes are files (formatstorage.html)."""


def named_files(ask: Ask, domain: libvirt.virDomain) -> tuple[NamedFile | NotKnown, ...]:
    """What one domain's definitions and snapshots name; ``NotKnown`` where one is not readable.

    Raises:
        SnaptuiError: the domain itself cannot be read.
    """
    return tuple(_named(ask, domain))


def _named(ask: Ask, domain: libvirt.virDomain) -> Iterator[NamedFile | NotKnown]:
    name = domain.name()
    live = ask(domain.XMLDesc)
    texts = [(live, name)]
    if ask(domain.isPersistent):
        inactive = libvirt.VIR_DOMAIN_XML_INACTIVE
        texts.append((ask(lambda: domain.XMLDesc(inactive)), name))
    for snapshot in list_snapshots(ask, domain):
        words = f"the snapshot {snapshot.getName()} of {name}"
        try:
            texts.append((ask(snapshot.getXMLDesc), words))
        except Disconnected:
            raise
        except SnaptuiError as error:
            yield NotKnown(f"{words}: {error.message}")
    for text, words in texts:
        try:
            files, pools = xml.named_files(text, words), xml.named_volumes(text)
        except SnaptuiError as error:
            yield NotKnown(f"{words}: {error.message}")
            continue
        yield from files
        for pool, volume in pools:
            yield _of_pool(ask, domain.connect(), pool, volume, words)


def _of_pool(
    ask: Ask, connection: libvirt.virConnect, pool: str, volume: str, words: str
) -> NamedFile | NotKnown:
    try:
        found = ask(lambda: connection.storagePoolLookupByName(pool))
        return NamedFile(ask(lambda: found.storageVolLookupByName(volume)).path(), words, True)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(f"{words} uses {volume} of the pool {pool}: {error.message}")


def volumes(ask: Ask, connection: libvirt.virConnect) -> Found:
    """The files of all active pools, and why some may be missing."""
    paths: list[str] = []
    doubts: list[str] = []
    for pool in ask(connection.listAllStoragePools):
        name = pool.name()
        try:
            kind = xml.pool_kind(ask(pool.XMLDesc))
            if not ask(pool.isActive):
                doubts.append(f"the pool {name} is not active")
            elif kind in _FILES:
                paths += [ask(volume.path) for volume in ask(pool.listAllVolumes)]
        except Disconnected:
            raise
        except SnaptuiError as error:
            doubts.append(f"the pool {name}: {error.message}")
    return Found(tuple(sorted(paths)), tuple(doubts))
