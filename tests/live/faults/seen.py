"""What a host has, as libvirt and QEMU's tools tell it, with nothing of snaptui between."""

from __future__ import annotations

import enum
import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import libvirt

from snaptui.backend.virt.domain_xml import parse_domain
from snaptui.backend.virt.snapshot_xml import parse_snapshot
from snaptui.model.disk import Presence
from snaptui.model.safety_mark import is_safety
from tests.lab import MIB
from tests.live.matrix.guest import Guest


class Aspect(enum.Enum):
    """What is looked at; the value is what it is called."""

    DOMAIN = "domain"
    STATE = "state"
    PERSISTENT = "persistent"
    CURRENT = "current"
    DISK_IS = "disk {of} is"
    DISK_HOLDS = "disk {of} holds"
    JOB = "disk {of} is copied or merged"
    PARENT = "{of}: parent"
    DESCRIPTION = "{of}: description"
    HELD = "{of}: {part} holds"
    FROZEN = "{of}: {part} was"
    ENTRY = "{of}: entry of {part}"
    FILE = "file {of}"
    IMAGE_HOLDS = "image {of} holds"


OF_SNAPSHOTS = {Aspect.PARENT, Aspect.DESCRIPTION, Aspect.HELD, Aspect.FROZEN, Aspect.ENTRY}
CONTENT = {Aspect.DISK_HOLDS, Aspect.HELD, Aspect.IMAGE_HOLDS, Aspect.FILE}


class What(NamedTuple):
    """One thing that is seen.

    Attributes:
        of: the disk, snapshot, entry or file.
        part: the disk of a snapshot, or the image of an entry.
    """

    aspect: Aspect
    of: str = ""
    part: str = ""

    def __str__(self) -> str:
        return self.aspect.value.format(of=self.of, part=self.part)


Seen = Mapping[What, str]
"""What is seen, by what it is seen of; two looks at the same are equal."""

DOMAIN, STATE, GONE = What(Aspect.DOMAIN), What(Aspect.STATE), "gone"
OTHER = "other"
"""The name of all that the second admin makes."""
_TIME = re.compile(r"(?<=\.)\d{10}$")
"""At the end of the name that libvirt gives to an overlay."""
_TAKEN = re.compile(r"(?<=safety-)\d{8}T\d{6}Z")
"""In the name of a safety snapshot, of which there may be several."""


def look(guest: Guest) -> Seen:
    """Look at a domain and at all images in its directory."""
    seen = dict(_images(guest.directory))
    try:
        domain = guest.connection.lookupByName(guest.name)
    except libvirt.libvirtError:
        return _timeless({**seen, DOMAIN: GONE})
    seen[STATE] = str(domain.state()[0])
    seen[What(Aspect.PERSISTENT)] = str(domain.isPersistent())
    for disk in parse_domain(domain.XMLDesc()).disks:
        target, path = disk.target, Path(disk.path or "")
        seen[What(Aspect.DISK_IS, target)] = path.name
        seen[What(Aspect.DISK_HOLDS, target)] = _content(path, "-f", disk.format)
        with suppress(libvirt.libvirtError):
            if job := domain.blockJobInfo(target):
                seen[What(Aspect.JOB, target)] = str(job["type"])
    with suppress(libvirt.libvirtError):
        seen[What(Aspect.CURRENT)] = domain.snapshotCurrent().getName()
    for one in domain.listAllSnapshots():
        snapshot = parse_snapshot(one.getXMLDesc())
        name = snapshot.name
        seen[What(Aspect.PARENT, name)] = str(snapshot.parent)
        if not is_safety(name):  # whose description tells the time
            seen[What(Aspect.DESCRIPTION, name)] = snapshot.description
        then = {d.target: d for d in snapshot.config.disks} if snapshot.config is not None else {}
        for part in snapshot.disks:
            path = Path(then[part.target].path or "")
            if part.presence is Presence.INTERNAL:
                held = _content(path, "-l", f"snapshot.name={name}", "-f", "qcow2")
            else:
                held = _content(path, "-f", then[part.target].format)
                seen[What(Aspect.FROZEN, name, part.target)] = path.name
            seen[What(Aspect.HELD, name, part.target)] = held
    return _timeless(seen)


def look_at_images(guest: Guest) -> Seen:
    """Look at the images in its directory alone."""
    return _timeless(_images(guest.directory))


def without(seen: Seen, out: Callable[[What, str], bool]) -> Seen:
    """Leave out what is said to be: by what it is, and the word for it."""
    return {what: word for what, word in seen.items() if not out(what, word)}


def is_content(what: What, _: str) -> bool:
    """Whether it is a file, or what one holds."""
    return what.aspect in CONTENT


def apart(one: Seen, other: Seen) -> list[str]:
    """Where two looks differ, in words."""
    return [
        f"{what}: {one.get(what, 'nothing')} / {other.get(what, 'nothing')}"
        for what in sorted(one.keys() | other.keys(), key=str)
        if one.get(what) != other.get(what)
    ]


def _timeless(seen: Seen) -> Seen:
    """With the number of a time in the place of each, from the first on."""
    words = [word for what, said in seen.items() for word in (what.of, what.part, said)]
    times = sorted({time for word in words for time in _TAKEN.findall(word)})

    def sub(word: str) -> str:
        numbered = _TAKEN.sub(lambda found: f"TIME{times.index(found[0]) + 1}", word)
        return _TIME.sub("TIME", numbered)

    return {
        What(what.aspect, sub(what.of), sub(what.part)): sub(word) for what, word in seen.items()
    }


def _images(directory: Path) -> dict[What, str]:
    seen = {}
    for path in sorted(directory.iterdir()):
        seen[What(Aspect.FILE, path.name)] = "there"
        with path.open("rb") as f:
            if f.read(4) != b"QFI\xfb":
                continue
        told = subprocess.run(
            ["qemu-img", "info", "-U", "--output=json", path], capture_output=True, check=True
        )
        for entry in json.loads(told.stdout).get("snapshots", []):
            words = ("-l", f"snapshot.id={entry['id']}", "-f", "qcow2")
            seen[What(Aspect.ENTRY, entry["name"], path.name)] = _content(path, *words)
        if path.name.startswith("free"):
            seen[What(Aspect.IMAGE_HOLDS, path.name)] = _content(path, "-f", "qcow2")
    return seen


def _content(path: Path, *how: str) -> str:
    """A checksum of what a guest would read; for all but raw images through their chain."""
    out = Path(f"{path.parent}.content")
    words = ["qemu-img", "convert", "-U", *how, "-O", "raw", str(path), str(out)]
    done = subprocess.run(words, capture_output=True)
    if done.returncode:
        return "not readable"
    with out.open("rb") as f:
        digest = hashlib.sha256()
        while data := f.read(MIB):
            digest.update(data)
    out.unlink()
    return digest.hexdigest()[:12]
