"""XML texts to elements, and what those of domains and of snapshots have in common.

The parser is imported where it is used: the first screen does without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.errors import HostError
from snaptui.model.disk import Presence

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 1 << 20
"""Characters of XML above which it is not parsed."""

DEEPEST = 256
"""Elements inside of each other, as many as libxml2 lets libvirt read (XML_MAX_DEPTH)."""

ALIKE = 256
"""Definitions whose meaning is kept, for the next snapshots that have the same."""

_BEGINS, _ENDS = "\n  <domain ", "\n  </domain>\n"

_UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1000,
    "k": 1 << 10,
    "kib": 1 << 10,
    "mb": 1000**2,
    "m": 1 << 20,
    "mib": 1 << 20,
    "gb": 1000**3,
    "g": 1 << 30,
    "gib": 1 << 30,
    "tb": 1000**4,
    "t": 1 << 40,
    "tib": 1 << 40,
}


def parse(xml: str) -> Element:
    """The root of an XML text.

    Raises:
        HostError: it is too large or deep, not well-formed, or declares a document type.
    """
    from xml.etree import ElementTree

    if len(xml) > LARGEST:
        raise HostError(f"Its XML is larger than {LARGEST >> 20} MiB and was not read.")
    if "<!DOCTYPE" in xml:
        raise HostError("Its XML declares a document type, which libvirt never does.")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise HostError(f"Its XML cannot be read: {error}.") from error
    level: list[Element] = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
        if not level:
            return root
    raise HostError(f"Its XML is nested more than {DEEPEST} deep and was not read.")


def apart(xml: str) -> tuple[str, str]:
    """A snapshot's XML with an empty domain in it, and that domain's own XML.

    Most snapshots of a domain have the same: what it says needs to be read once alone. Where
    libvirt's indentation does not tell where it begins and ends, it is left in its place, and
    the second text is empty.
    """
    start, end = xml.find(_BEGINS), xml.rfind(_ENDS)
    if not 0 < start < end:
        return xml, ""
    end += len(_ENDS)
    return f"{xml[:start]}<domain/>{xml[end:]}", xml[start:end].strip()


def digest(xml: str) -> str:
    """A hash by which one XML text is told from another."""
    import hashlib

    return hashlib.sha256(text.utf8(xml)).hexdigest()


def source_path(disk: Element) -> str | None:
    """The file or device that a disk, or a part of one, has as its source."""
    source = disk.find("source")
    return None if source is None else source.get("file") or source.get("dev")


def presence(element: Element) -> Presence:
    """How a disk or the memory takes part; what a newer libvirt has added is manual."""
    try:
        return Presence(element.get("snapshot", "no"))
    except ValueError:
        return Presence.MANUAL


def bytes_of(memory: Element | None) -> int:
    """A size with its unit (formatdomain.html, *Memory Allocation*), in bytes; 0 without one."""
    if memory is None:
        return 0
    unit = _UNITS.get(memory.get("unit", "KiB").lower(), 1 << 10)
    return (number(memory.text) or 0) * unit


def number(words: str | None) -> int | None:
    """A number in words; ``None`` where they are none."""
    try:
        return int(words or "")
    except ValueError:
        return None
