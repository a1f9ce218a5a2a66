"""What of a domain's definition is otherwise than it was when a snapshot was taken, in words.

libvirt puts the definition of then in the place of the one of now when it reverts, without a
word (qemu_snapshot.c, ``qemuSnapshotRevert*``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from snaptui import text
from snaptui.backend import xml
from snaptui.errors import HostError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RUNTIME = {"alias", "backingStore", "resource", "seclabel", "address", "cpu"}
"""Elements that libvirt fills in by itself; ``cpu`` while the domain runs."""
_RUNTIME_ATTRIBUTES = {("domain", "id"), ("source", "index"), ("graphics", "port")}
_SIZES = {"memory", "currentMemory", "maxMemory"}


def changes(snapshot: str, definition: str, live: str | None) -> tuple[str, ...]:
    """What a revert changes back.

    Args:
        snapshot: XML of the snapshot, with the domain as it was then.
        definition: XML of the domain's definition now.
        live: XML of the domain as it runs now; ``None`` when it is off.

    Returns:
        A sentence for each difference; those of the definition first.

    Raises:
        HostError: something cannot be read, or the snapshot holds no domain.
    """
    root = xml.parse(snapshot)
    ran = root.find("domain")
    then = root.find("inactiveDomain")
    if then is None:
        then = ran
    if then is None or ran is None:
        raise HostError("The snapshot's metadata hold no domain.")
    found = list(_differences(then, xml.parse(definition), (), frozenset({"address"})))
    if live is not None and root.find("inactiveDomain") is not None:
        running = _differences(ran, xml.parse(live), (), frozenset(_RUNTIME))
        found += [words for words in running if words not in found]
    return tuple(found)


def _differences(
    then: Element, now: Element, path: tuple[str, ...], left_out: frozenset[str]
) -> Iterator[str]:
    of = " ".join(path)
    if _text(then) != _text(now):
        yield f"{of}: {_text(now) or 'nothing'} becomes {_text(then) or 'nothing'} again"
    for name in sorted(then.attrib.keys() | now.attrib.keys()):
        was, is_now = then.get(name), now.get(name)
        if was != is_now and (then.tag, name) not in _RUNTIME_ATTRIBUTES and not _is_unit(then):
            shown = f"{is_now or 'not set'} becomes {was or 'not set'} again"
            yield f"{of} {name}: {shown}".strip()
    if then.tag == "disk" and then.get("device", "disk") in ("disk", "lun"):
        left_out = left_out | {"source"}  # overlays come and go; the plans look at all images
    before, after = _children(then, left_out), _children(now, left_out)
    for key in [*before, *(key for key in after if key not in before)]:
        below = path if key == "devices" else (*path, key)
        if key not in after:
            yield f"{' '.join(below)} comes back"
        elif key not in before:
            yield f"{' '.join(below)} goes: it was not there then"
        else:
            yield from _differences(before[key], after[key], below, left_out)


def _children(element: Element, left_out: frozenset[str]) -> dict[str, Element]:
    """The children by what they are called; the second of a name gets a number."""
    found: dict[str, Element] = {}
    seen: Counter[str] = Counter()
    for child in element:
        if child.tag in left_out:
            continue
        name = _name(child)
        seen[name] += 1
        found[name if seen[name] == 1 else f"{name} {seen[name]}"] = child
    return found


def _name(element: Element) -> str:
    target, mac = element.find("target"), element.find("mac")
    words = [element.tag]
    if element.tag == "disk" and target is not None:
        words.append(target.get("dev", ""))
    elif element.tag == "interface" and mac is not None:
        words.append(mac.get("address", ""))
    elif element.tag in ("controller", "input", "channel", "hostdev", "graphics"):
        words += [element.get("type", ""), element.get("index", "")]
    elif element.tag == "feature":
        words.append(element.get("name", ""))
    return " ".join(word for word in words if word)


def _text(element: Element) -> str:
    if _is_unit(element):
        return text.size(xml.bytes_of(element))
    return (element.text or "").strip()


def _is_unit(element: Element) -> bool:
    return element.tag in _SIZES
