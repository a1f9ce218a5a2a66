"""The files and volumes that the XML of domains and of snapshots names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from snaptui.backend.virt.xml import parse, source_path

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from snaptui.model.files import NamedFile, User


def named_files(xml: str, owner: User) -> tuple[NamedFile, ...]:
    """Every absolute path in a domain's or snapshot's XML.

    Whatever it stands for: a path that is missed here could be taken for one that nobody
    needs. So all attributes and texts are looked at, not the elements that are known.

    Args:
        owner: whose XML it is.
    """
    from snaptui.model.files import NamedFile

    found: dict[str, NamedFile] = {}
    root = parse(xml)
    for disk in root.iter("disk"):
        target = disk.find("target")
        name = target.get("dev", "?") if target is not None else disk.get("name", "?")
        for holder in disk.iter():
            path = source_path(holder) or ""
            if path.startswith("/"):
                raw = _form(holder) == "raw"
                found.setdefault(path, NamedFile(path, replace(owner, disk=name), True, raw))
    for element in root.iter():
        for value in (*element.attrib.values(), (element.text or "").strip()):
            if value.startswith("/"):
                found.setdefault(value, NamedFile(value, owner, False))
    return tuple(found.values())


def _form(holder: Element) -> str:
    """What a disk, or an image beneath it, is declared to be."""
    said = holder.find("driver" if holder.tag == "disk" else "format")
    return said.get("type", "") if said is not None else ""


def named_volumes(xml: str) -> tuple[tuple[str, str], ...]:
    """Pool and volume of each disk that is given so (formatdomain.html, *Hard drives*)."""
    sources = parse(xml).iter("source")
    return tuple(
        (pool, volume)
        for source in sources
        if (pool := source.get("pool")) and (volume := source.get("volume"))
    )
