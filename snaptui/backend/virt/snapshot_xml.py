"""Snapshot XML to and from the model; the elements are those of libvirt's formatsnapshot.html."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from snaptui.backend.virt.domain_xml import config
from snaptui.backend.virt.xml import (
    ALIKE,
    LARGEST,
    apart,
    digest,
    number,
    parse,
    presence,
    source_path,
)
from snaptui.common.errors import HostError
from snaptui.model.disk import Presence
from snaptui.model.snapshot import Snapshot, SnapshotDisk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from snaptui.model.domain import DomainConfig

_NAMED: Final = "domain[name]"
"""Where its record has no domain, libvirt gives one that is a UUID alone."""


def parse_snapshot(xml: str) -> Snapshot:
    """A snapshot's metadata.

    Raises:
        HostError: the XML is too large, not well-formed, or without a name.
    """
    root, recorded = _without_domain(xml)
    name = root.findtext("name")
    if not name:
        raise HostError("The snapshot's XML has no name.")
    memory = root.find("memory")
    return Snapshot(
        name=name,
        parent=root.findtext("parent/name"),
        created=number(root.findtext("creationTime")),
        state=root.findtext("state") or "",
        description=root.findtext("description") or "",
        memory=presence(memory) if memory is not None else Presence.NO,
        memory_path=memory.get("file") if memory is not None else None,
        disks=_parts(root, "disks/disk"),
        config=recorded,
        delete_in_progress=root.find("disks/disk/snapshotDeleteInProgress") is not None,
        digest=digest(xml),
        revert_disks=_parts(root, "revertDisks/disk"),
        defined_otherwise=tuple(_defined_otherwise(root, recorded)),
    )


def _defined_otherwise(root: Element, ran: DomainConfig | None) -> Iterator[str]:
    paths = {disk.target: disk.path for disk in ran.written} if ran is not None else {}
    for disk in root.iterfind("inactiveDomain/devices/disk"):
        target = _target(disk)
        ran_on, defined = paths.get(target), source_path(disk)
        if None not in (ran_on, defined) and ran_on != defined:
            yield target


def _target(disk: Element) -> str:
    target = disk.find("target")
    return target.get("dev", "") if target is not None else ""


def _without_domain(xml: str) -> tuple[Element, DomainConfig | None]:
    """A snapshot's XML, and what its domain says."""
    outer, definition = apart(xml)
    if definition and len(xml) <= LARGEST:
        with suppress(HostError):  # it was no whole one: all is read together
            return parse(outer), _config(definition)
    root = parse(xml)
    domain = root.find(_NAMED)
    return root, None if domain is None else config(domain, "")


@lru_cache(maxsize=ALIKE)
def _config(definition: str) -> DomainConfig | None:
    domain = parse(definition)
    return None if domain.find("name") is None else config(domain, "")


def created(xml: str) -> int | None:
    """When a snapshot was made, without all else that :func:`parse_snapshot` tells.

    Raises:
        HostError: the XML is too large or not well-formed.
    """
    return number(parse(xml).findtext("creationTime"))


def _parts(root: Element, path: str) -> tuple[SnapshotDisk, ...]:
    return tuple(
        SnapshotDisk(disk.get("name", "?"), presence(disk), source_path(disk))
        for disk in root.iterfind(path)
    )


def started_by(snapshot: str) -> Element | None:
    """The domain of a snapshot's XML with which a revert starts a guest; ``None`` without one.

    Where RAM is loaded it is the one that ran, otherwise the definition of that time
    (formatsnapshot.html, *domain* and *inactiveDomain*). The CPU that QEMU made of ``host-model``
    is in the cookie (measured with 11.3 and 12.8; 9.0 has it in the domain).
    """
    root = parse(snapshot)
    memory = root.find("memory")
    kept = memory is not None and presence(memory) is not Presence.NO
    defined = None if kept else root.find("inactiveDomain[name]")
    domain = defined if defined is not None else root.find("domain[name]")
    made = root.find("cookie/cpu") if kept else None
    if domain is not None and made is not None:
        for cpu in domain.findall("cpu"):
            domain.remove(cpu)
        domain.append(made)
    return domain


def adopted(name: str, created: int, domain: str) -> str:
    """The XML that makes libvirt know what the images hold (formatsnapshot.html).

    Args:
        created: seconds since the epoch.
        domain: the XML of the domain that was shut off then.

    Raises:
        HostError: the domain's XML cannot be read.
    """
    from xml.etree import ElementTree

    root = ElementTree.Element("domainsnapshot")
    ElementTree.SubElement(root, "name").text = name
    ElementTree.SubElement(root, "creationTime").text = str(created)
    ElementTree.SubElement(root, "state").text = "shutoff"
    root.append(parse(domain))
    return ElementTree.tostring(root, encoding="unicode")


def redefined(xml: str, after: Snapshot) -> str:
    """A snapshot's XML with what ``after`` says, and all else as it is.

    That is its name, description and parent, and the paths of the disks' images.

    Raises:
        HostError: it cannot be read.
    """
    from xml.etree import ElementTree

    root = parse(xml)
    for path, value in (
        ("name", after.name), ("description", after.description), ("parent/name", after.parent)
    ):  # fmt: skip
        element = root.find(path)
        if element is None and path == "description":
            element = ElementTree.Element(path)
            root.insert(1, element)  # formatsnapshot.html puts it after the name
        if element is not None:
            element.text = value
            if path == "description" and not value:
                root.remove(element)
    wanted = {disk.target: disk.path for disk in after.config.disks} if after.config else {}
    moved = {
        (target, source_path(disk)): now
        for disk in root.iterfind("domain/devices/disk")
        if (now := wanted.get(target := _target(disk))) is not None
    }
    for domain in ("domain", "inactiveDomain"):
        for disk in root.iterfind(f"{domain}/devices/disk"):
            then = source_path(disk)
            _relocate(disk, then, moved.get((_target(disk), then)))
    return ElementTree.tostring(root, encoding="unicode")


def _relocate(disk: Element, then: str | None, now: str | None) -> None:
    """Give a disk another path; libvirt finds what lies beneath."""
    source = disk.find("source")
    if source is None or now is None or then is None or now == then:
        return
    for name, value in source.items():
        if value == then:
            source.set(name, now)
    for beneath in disk.findall("backingStore"):
        disk.remove(beneath)


def bitmap_there(xml: str) -> bool:
    """Whether a checkpoint has a whole bitmap on a disk at least.

    Args:
        xml: of the checkpoint, with sizes (formatcheckpoint.html, *size*).
    """
    return any(disk.get("size") is not None for disk in parse(xml).iterfind("disks/disk"))
