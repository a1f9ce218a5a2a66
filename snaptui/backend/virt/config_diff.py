"""What of a domain's definition is otherwise than it was when a snapshot was taken.

libvirt puts the definition of then in the place of the one of now when it reverts, without a
word (qemu_snapshot.c, ``qemuSnapshotRevert*``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from snaptui.backend.virt import xml
from snaptui.common import text
from snaptui.common.errors import HostError
from snaptui.model.config_change import Change, ConfigChange

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RUNTIME = {"alias", "backingStore", "resource", "seclabel", "address", "cpu"}
"""Elements that libvirt fills in by itself; ``cpu`` while the domain runs."""
_RUNTIME_ATTRIBUTES = {
    ("domain", "id"),
    ("source", "index"),
    ("graphics", "port"),
    ("graphics", "tlsPort"),
    ("graphics", "websocket"),
    ("console", "tty"),
}
_RUNTIME_OF = {
    "console": {"source"},
    "serial": {"source"},
    "parallel": {"source"},
    "channel": {"source", "target"},
    "interface": {"target", "backend"},
    "graphics": {"listen"},
    "tpm": {"backend"},
}
"""Elements of devices that libvirt gives a running domain: a terminal, a port, a name on the host,
whether somebody listens."""
_FIXED = {"emulator", "console", "memballoon", "audio"}
"""What is in each domain, or stands for another device, and is never plugged."""
_SIZES = {"memory", "currentMemory", "maxMemory"}


def changes(snapshot: str, definition: str, live: str | None) -> tuple[ConfigChange, ...]:
    """What a revert changes back.

    Args:
        snapshot: XML of the snapshot, with the domain as it was then.
        definition: XML of the domain's definition now.
        live: XML of the domain as it runs now; ``None`` when it is off.

    Returns:
        Each difference; those of the definition first.

    Raises:
        HostError: something cannot be read, or the snapshot holds no domain.
    """
    root = xml.parse(snapshot)
    then, ran_then = _definition(root)
    left_out = frozenset(_RUNTIME if ran_then else {"address"})
    found = list(_differences(then, xml.parse(definition), (), left_out, running=ran_then))
    ran = root.find("domain")
    if ran is not None and live is not None and then is not ran:
        running = _plugged(ran, xml.parse(live))
        found += [change for change in running if change not in found]
    return tuple(found)


def between(earlier: str, later: str) -> tuple[ConfigChange, ...]:
    """What of the definition is otherwise at a later snapshot than at an earlier one.

    Args:
        earlier, later: XML of the snapshots.

    Raises:
        HostError: something cannot be read, or a snapshot holds no domain.
    """
    then, ran_then = _definition(xml.parse(earlier))
    after, ran_after = _definition(xml.parse(later))
    ran = ran_then or ran_after
    left_out = frozenset(_RUNTIME if ran else {"address"})
    return tuple(_differences(then, after, (), left_out, running=ran))


def _definition(snapshot: Element) -> tuple[Element, bool]:
    """The definition of then, and whether only that of the guest as it ran is there."""
    ran, then = snapshot.find("domain"), snapshot.find("inactiveDomain")
    if ran is None:
        raise HostError("The snapshot's metadata contains no domain.")
    if then is not None:
        return then, False
    return ran, snapshot.findtext("state") in ("running", "paused")


def _plugged(then: Element, now: Element) -> Iterator[ConfigChange]:
    """What was plugged into the running guest, or taken from it, since.

    Its devices are compared by what they are alone: the rest libvirt gives them as they start.
    """
    cpus, cpus_now = then.find("vcpu"), now.find("vcpu")
    if cpus is not None and cpus_now is not None:
        yield from _differences(cpus, cpus_now, ("vcpu",), frozenset())
    before, after = (
        _children(devices, frozenset(_FIXED)) if devices is not None else {}
        for devices in (then.find("devices"), now.find("devices"))
    )
    yield from (ConfigChange(Change.REMOVED, key) for key in before if key not in after)
    yield from (ConfigChange(Change.ADDED, key) for key in after if key not in before)


def _differences(
    then: Element,
    now: Element,
    path: tuple[str, ...],
    left_out: frozenset[str],
    *,
    running: bool = False,
) -> Iterator[ConfigChange]:
    """What is otherwise below an element.

    Args:
        path: names of the elements above.
        left_out: tags that are not looked at, and attributes with theirs before them.
        running: one of the two is of a running domain.
    """
    of = " ".join(path)
    if _text(then) != _text(now):
        yield ConfigChange(Change.VALUE, of, _text(then) or None, _text(now) or None)
    for name in sorted(then.attrib.keys() | now.attrib.keys()):
        was, is_now = then.get(name), now.get(name)
        if f"{then.tag} {name}" in left_out or (then.tag, name) in _RUNTIME_ATTRIBUTES:
            continue
        if was != is_now and not _is_unit(then):
            what = f"{of} {name}".strip()
            yield ConfigChange(Change.VALUE, what, was, is_now, attribute=True)
    if then.tag == "disk" and then.get("device", "disk") in ("disk", "lun"):
        # overlays come and go; the plans look at all images
        left_out = left_out | {"source", "backingStore"}
        if _source(then) != _source(now):
            left_out = left_out | {"driver type"}
    here = left_out | _RUNTIME_OF.get(then.tag, set()) if running else left_out
    before, after = _children(then, here), _children(now, here)
    for key in [*before, *(key for key in after if key not in before)]:
        below = path if key == "devices" else (*path, key)
        if key not in after:
            yield ConfigChange(Change.REMOVED, " ".join(below))
        elif key not in before:
            yield ConfigChange(Change.ADDED, " ".join(below))
        else:
            yield from _differences(before[key], after[key], below, left_out, running=running)


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


def _source(disk: Element) -> str | None:
    source = disk.find("source")
    return source.get("file") if source is not None else None


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
