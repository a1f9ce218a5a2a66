"""What a create asks libvirt for, as data and as XML (formatsnapshot.html)."""

from __future__ import annotations

import itertools
import string
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form
from snaptui.model.disk import Presence
from snaptui.model.snapshot import SnapshotDisk

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

PLACES = ("date", "time", "domain", "n")
"""What a template for names may have in braces: date and time, the domain, a counter."""

LARGEST = 1 << 20
"""Characters of XML above which it is not parsed."""

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "domainsnapshot": (),
    "domainsnapshot/name": (),
    "domainsnapshot/description": (),
    "domainsnapshot/memory": ("snapshot", "file"),
    "domainsnapshot/disks": (),
    "domainsnapshot/disks/disk": ("name", "snapshot", "type"),
    "domainsnapshot/disks/disk/driver": ("type",),
    "domainsnapshot/disks/disk/source": ("file",),
}
"""What is understood: by path, the attributes. All else would be left out unsaid."""


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A snapshot that is to be taken.

    Attributes:
        disks: how the disks take part, and the overlays; when empty, all inside their images.
        memory_path: file for the RAM; ``None`` where it is not kept, or inside an image.
        quiesce: the guest agent freezes the file systems meanwhile.
        halt: the domain is shut off afterwards.
        live: the guest runs while its RAM is saved to a file.
        reuse: the overlays are there already.
    """

    name: str
    description: str = ""
    disks: tuple[SnapshotDisk, ...] = ()
    memory_path: str | None = None
    quiesce: bool = False
    halt: bool = False
    live: bool = False
    reuse: bool = False

    @property
    def form(self) -> Form:
        """What it is made of."""
        if self.memory_path is not None:
            return Form.EXTERNAL
        return Form.DISK_ONLY if self.overlays else Form.INTERNAL

    @property
    def overlays(self) -> Mapping[str, str]:
        """By target, the file that the disk writes to from then on."""
        return MappingProxyType(
            {
                disk.target: disk.path
                for disk in self.disks
                if disk.presence is Presence.EXTERNAL and disk.path is not None
            }
        )

    @property
    def left_out(self) -> tuple[str, ...]:
        """Targets of the disks that are not part of it."""
        return tuple(disk.target for disk in self.disks if disk.presence is Presence.NO)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it writes to."""
        overlays = tuple(self.overlays.values())
        return overlays if self.memory_path is None else (*overlays, self.memory_path)

    @property
    def made(self) -> tuple[str, ...]:
        """Those of them that must not be there yet."""
        return self.files[len(self.overlays) if self.reuse else 0 :]


@dataclass(frozen=True, slots=True)
class DiskXml:
    """A disk of an admin's XML.

    Attributes:
        name: its target, or the path of its image.
        presence: ``None`` where the XML leaves that to the kind of the snapshot.
        path: of the overlay.
    """

    name: str
    presence: Presence | None
    path: str | None


@dataclass(frozen=True, slots=True)
class SnapshotXml:
    """What an admin's XML says; what it means depends on the domain.

    Attributes:
        memory: ``None`` where it says nothing of the RAM.
    """

    name: str
    description: str
    disks: tuple[DiskXml, ...]
    memory: Presence | None
    memory_path: str | None


def to_xml(new: NewSnapshot) -> str:
    """The XML with which libvirt is asked for it."""
    from xml.etree import ElementTree

    root = ElementTree.Element("domainsnapshot")
    ElementTree.SubElement(root, "name").text = new.name
    if new.description:
        ElementTree.SubElement(root, "description").text = new.description
    if new.memory_path is not None:
        ElementTree.SubElement(root, "memory", snapshot="external", file=new.memory_path)
    disks = ElementTree.SubElement(root, "disks") if new.disks else root
    for disk in new.disks:
        element = ElementTree.SubElement(
            disks, "disk", name=disk.target, snapshot=disk.presence.value
        )
        if disk.presence is Presence.EXTERNAL and disk.path is not None:
            ElementTree.SubElement(element, "driver", type="qcow2")
            ElementTree.SubElement(element, "source", file=disk.path)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def from_xml(xml: str) -> SnapshotXml:
    """What an admin's XML says.

    Raises:
        SnaptuiError: it cannot be read, or says something that snaptui would have to leave out.
    """
    root = _parse(xml)
    _check(root, "domainsnapshot")
    memory = root.find("memory")
    disks = tuple(map(_disk, root.iterfind("disks/disk")))
    names = [disk.name for disk in disks]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SnaptuiError(f"The XML names the disk {twice} twice.")
    kept = _presence(memory) if memory is not None else None
    path = memory.get("file") if memory is not None else None
    if kept is None and path is not None:
        kept = Presence.EXTERNAL
    if (kept is Presence.EXTERNAL) != (path is not None):
        raise SnaptuiError("In the XML, external memory and its file go together.")
    outside = any(disk.presence is Presence.EXTERNAL for disk in disks)
    if kept is Presence.INTERNAL and outside:
        raise SnaptuiError("libvirt cannot keep memory inside an image beside external disks.")
    name = root.findtext("name") or ""
    description = root.findtext("description") or ""
    return SnapshotXml(name, description, disks, kept, path)


def _parse(xml: str) -> Element:
    from xml.etree import ElementTree

    if len(xml) > LARGEST:
        raise SnaptuiError(f"The XML is larger than {LARGEST >> 20} MiB.")
    if "<!DOCTYPE" in xml:
        raise SnaptuiError("The XML declares a document type; leave that out.")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise SnaptuiError(f"This is no well-formed XML: {error}.") from error
    if root.tag != "domainsnapshot":
        raise SnaptuiError(f"The XML must be a <domainsnapshot>, and is a <{root.tag}>.")
    return root


def _check(element: Element, path: str) -> None:
    extra = [f"{name}=" for name in element.attrib if name not in _KNOWN[path]]
    extra += [f"<{child.tag}>" for child in element if f"{path}/{child.tag}" not in _KNOWN]
    if extra:
        raise SnaptuiError(
            f"snaptui does not know {extra[0]} in <{element.tag}>, and leaves nothing out unsaid.",
            hint="Take it out, or use virsh snapshot-create.",
        )
    for child in element:
        _check(child, f"{path}/{child.tag}")


def _disk(disk: Element) -> DiskXml:
    target, presence = disk.get("name"), _presence(disk)
    source, driver = disk.find("source"), disk.find("driver")
    path = source.get("file") if source is not None else None
    if not target:
        raise SnaptuiError("A <disk> of the XML has no name=.")
    if disk.get("type", "file") != "file" or (
        driver is not None and driver.get("type", "qcow2") != "qcow2"
    ):
        raise SnaptuiError(f"The overlay of {target} must be a qcow2 file.")
    if presence is None and (path is not None or driver is not None):
        presence = Presence.EXTERNAL  # as virDomainSnapshotDiskDefParseXML has it
    if path is not None and presence is not Presence.EXTERNAL:
        raise SnaptuiError(f"{target} is not external in the XML, but has a file.")
    return DiskXml(target, presence, path)


def _presence(element: Element) -> Presence | None:
    word = element.get("snapshot")
    if word is None:
        return None
    if word not in ("no", "internal", "external"):
        raise SnaptuiError(f'snapshot="{word}" is not possible in <{element.tag}>.')
    return Presence(word)


def suggested_name(template: str, moment: float, domain: str, taken: Collection[str]) -> str:
    """A free name made after a template.

    Args:
        template: text with any of :data:`PLACES`; see :func:`template_problem`.
        moment: seconds since the epoch; shown as local time.
    """
    date, clock = time.strftime("%Y%m%d %H%M%S", time.localtime(moment)).split()
    domain = "".join("_" if text.invisible(char) else char for char in domain)
    for number in itertools.count(1):
        name = template.format(date=date, time=clock, domain=domain, n=number)
        if number > 1 and "{n}" not in template:
            name = f"{name}-{number}"
        if name not in taken:
            break
    return name


def template_problem(template: str) -> str:
    """Why a text cannot be a template for names; empty when it can."""
    try:
        places = [(place, spec, how) for _, place, spec, how in string.Formatter().parse(template)]
    except ValueError as error:
        return f"{error}"
    for place, spec, how in places:
        if place is not None and (place not in PLACES or spec or how):
            shown = ", ".join(f"{{{known}}}" for known in PLACES)
            return f"there is no {{{place}}}; known are {shown}"
    return "" if template.strip() else "it is empty"
