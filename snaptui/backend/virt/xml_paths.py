"""The files and volumes that the XML of domains and of snapshots names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from snaptui.backend.virt.xml import ALIKE, LARGEST, apart, parse, source_path
from snaptui.common.errors import HostError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from snaptui.model.files import NamedFile, User


_MAY_NAME = re.compile(r"""&#|<!|<source|>\s*/|=\s*['"]/""")
"""In an XML text without it no value begins with a slash, and no element is a source: a slash
stands as itself, as a character reference, or behind a comment or in a marked section."""


class _Named(NamedTuple):
    """What some elements name.

    Attributes:
        images: path, disk, and whether it is said to be raw.
        values: all attributes and texts that are absolute paths.
        volumes: pool and name (formatdomain.html, *Hard drives*).
    """

    images: tuple[tuple[str, str, bool], ...]
    values: tuple[str, ...]
    volumes: tuple[tuple[str, str], ...]


def named(xml: str, owner: User) -> tuple[tuple[NamedFile, ...], tuple[tuple[str, str], ...]]:
    """Every absolute path in a domain's or snapshot's XML, and pool and name of each volume.

    Whatever a path stands for: one that is missed here could be taken for one that nobody
    needs. So all attributes and texts are looked at, not the elements that are known.

    Args:
        owner: whose XML it is.

    Raises:
        HostError: the XML is too large, or not well-formed.
    """
    from snaptui.model.files import NamedFile

    parts = _parts(xml)
    found: dict[str, NamedFile] = {}
    for path, disk, raw in (image for part in parts for image in part.images):
        if path not in found:
            found[path] = NamedFile(path, replace(owner, disk=disk), True, raw)
    for value in (value for part in parts for value in part.values):
        if value not in found:
            found[value] = NamedFile(value, owner, False)
    return tuple(found.values()), tuple(volume for part in parts for volume in part.volumes)


def _parts(xml: str) -> list[_Named]:
    """Of a snapshot's XML, what stands before its domain, this, and what stands behind it."""
    outer, definition = apart(xml)
    if definition and len(xml) <= LARGEST:
        with suppress(HostError):  # it was no whole one: all is read together
            inner, root = _of_definition(definition), parse(outer)
            if sum(map(_stands_in, root)) == 1:
                if not _MAY_NAME.search(outer):
                    return [inner]
                own = _Named((), tuple(_values(root)), ())
                return [own, *(inner if _stands_in(one) else _of(one) for one in root)]
    return [_of(parse(xml))]


@lru_cache(maxsize=ALIKE)
def _of_definition(xml: str) -> _Named:
    return _of(parse(xml))


def _stands_in(element: Element) -> bool:
    return element.tag == "domain" and not element.attrib and not len(element)


def _of(root: Element) -> _Named:
    return _Named(
        tuple(_images(root)),
        tuple(value for element in root.iter() for value in _values(element)),
        tuple(
            (pool, volume)
            for source in root.iter("source")
            if (pool := source.get("pool")) and (volume := source.get("volume"))
        ),
    )


def _values(element: Element) -> Iterator[str]:
    for value in (*element.attrib.values(), (element.text or "").strip()):
        if value.startswith("/"):
            yield value


def _images(root: Element) -> Iterator[tuple[str, str, bool]]:
    for disk in root.iter("disk"):
        target = disk.find("target")
        name = target.get("dev", "?") if target is not None else disk.get("name", "?")
        for holder in disk.iter():
            path = source_path(holder) or ""
            if path.startswith("/"):
                yield path, name, _form(holder) == "raw"


def _form(holder: Element) -> str:
    """What a disk, or an image beneath it, is declared to be."""
    said = holder.find("driver" if holder.tag == "disk" else "format")
    return said.get("type", "") if said is not None else ""
