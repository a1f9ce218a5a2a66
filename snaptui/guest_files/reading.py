"""Reads what of a host is to be opened; all of it blocks."""

from __future__ import annotations

from dataclasses import replace

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.backend.virt.uris import ssh_command
from snaptui.common.errors import NotFound
from snaptui.discovery.domain_survey import survey
from snaptui.guest_files.errors import GuestFilesError
from snaptui.guest_files.source import Source, source_of, source_of_image, source_of_unmanaged
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.image import ImageKey, NotKnown, PlacedEntry
from snaptui.storage.in_image import Unmanaged


def domain_source(backend: Looks, host: Host, domain: Domain, name: str | None) -> Source:
    """The disks of a domain at the time of a snapshot, or now.

    Args:
        name: of a snapshot, also of one that libvirt does not know; ``None`` for now.

    Raises:
        SnaptuiError: they cannot be read, or not opened.
    """
    _way(host)
    found = survey(backend, host, domain)
    if name is None:
        return _source(source_of(found, None), host)
    thing = next((one for one in found.things if one.name == name), None)
    if thing is None:
        raise NotFound(found.unread.get(name) or f"{name} is not there any more.")
    if isinstance(thing, Unmanaged):
        return _source(source_of_unmanaged(found, thing), host)
    return _source(source_of(found, thing), host)


def image_source(backend: Files, host: Host, image: ImageKey, placed: PlacedEntry | None) -> Source:
    """An image that no domain uses, as it is or as one of its snapshots has it.

    Raises:
        SnaptuiError: it cannot be read, or not opened.
    """
    _way(host)
    head = backend.image(image.path)
    entry = placed.entry if placed is not None else None
    if entry is not None and entry not in head.snapshots:
        raise NotFound(f"{entry.name} is not in {image.path} any more.")
    return _source(source_of_image(image.host, head, entry), host)


def _way(host: Host) -> tuple[str, ...]:
    """How the host of the files is reached by ssh; empty for this machine."""
    if host.local:
        return ()
    ssh = ssh_command(host.uri)
    if not ssh:
        raise GuestFilesError(
            "The files of this host's snapshots can only be read over ssh.",
            hint="Connect with a qemu+ssh URI, or run snaptui on the host.",
        )
    return ssh


def _source(found: Source | NotKnown, host: Host) -> Source:
    if isinstance(found, NotKnown):
        raise GuestFilesError(f"The disks cannot be read: {found.reason}.")
    return replace(found, ssh=_way(host))
