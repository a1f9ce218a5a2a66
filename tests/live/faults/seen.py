"""What a host has, as libvirt and QEMU's tools tell it, with nothing of snaptui between."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import libvirt

from snaptui.backend.virt.xml import parse_domain, parse_snapshot
from snaptui.model.domain import Presence
from tests.lab import MIB
from tests.live.matrix.guest import Guest

Seen = Mapping[str, str]
"""What is seen, by what it is seen of; two looks at the same are equal."""

OTHER = "other"
"""The name of all that the second admin makes."""
_TIME = re.compile(r"(?<=safety-)\d{8}T\d{6}Z|(?<=\.)\d{10}$|(?<=\.)\d{10}(?= )")
"""In the name of a safety snapshot, or at the end of one that libvirt gives to an overlay."""


def look(guest: Guest) -> Seen:
    """Look at a domain and at all images in its directory."""
    seen = dict(_images(guest.directory))
    try:
        domain = guest.connection.lookupByName(guest.name)
    except libvirt.libvirtError:
        return {**seen, "domain": "gone"}
    seen["state"] = str(domain.state()[0])
    seen["persistent"] = str(domain.isPersistent())
    for disk in parse_domain(domain.XMLDesc()).disks:
        seen[f"disk {disk.target} is"] = Path(disk.path or "").name
        seen[f"disk {disk.target} holds"] = _content(Path(disk.path or ""), "-f", disk.format)
        with suppress(libvirt.libvirtError):
            if job := domain.blockJobInfo(disk.target):
                seen[f"disk {disk.target} is copied or merged"] = str(job["type"])
    with suppress(libvirt.libvirtError):
        seen["current"] = domain.snapshotCurrent().getName()
    for one in domain.listAllSnapshots():
        snapshot = parse_snapshot(one.getXMLDesc())
        seen[f"{snapshot.name}: parent"] = str(snapshot.parent)
        if not snapshot.name.startswith("safety-"):  # whose description tells the time
            seen[f"{snapshot.name}: description"] = snapshot.description
        then = {d.target: d for d in snapshot.config.disks} if snapshot.config is not None else {}
        for part in snapshot.disks:
            path = Path(then[part.target].path or "")
            if part.presence is Presence.INTERNAL:
                held = _content(path, "-l", f"snapshot.name={snapshot.name}", "-f", "qcow2")
            else:
                held = _content(path, "-f", then[part.target].format)
            seen[f"{snapshot.name}: {part.target} holds"] = held
    return _timeless(seen)


def look_at_images(guest: Guest) -> Seen:
    """Look at the images in its directory alone."""
    return _timeless(_images(guest.directory))


def without(seen: Seen, *words: str) -> Seen:
    """Leave out all that one of the words is in."""
    return {
        what: word
        for what, word in seen.items()
        if not any(one in what or one == word for one in words)
    }


def apart(one: Seen, other: Seen) -> list[str]:
    """Where two looks differ, in words."""
    return [
        f"{what}: {one.get(what, 'nothing')} / {other.get(what, 'nothing')}"
        for what in sorted(one.keys() | other.keys())
        if one.get(what) != other.get(what)
    ]


def _timeless(seen: Seen) -> Seen:
    return {_TIME.sub("TIME", what): _TIME.sub("TIME", word) for what, word in seen.items()}


def _images(directory: Path) -> dict[str, str]:
    seen = {}
    for path in sorted(directory.iterdir()):
        seen[f"file {path.name}"] = "there"
        with path.open("rb") as f:
            if f.read(4) != b"QFI\xfb":
                continue
        told = subprocess.run(
            ["qemu-img", "info", "-U", "--output=json", path], capture_output=True, check=True
        )
        for entry in json.loads(told.stdout).get("snapshots", []):
            words = ("-l", f"snapshot.id={entry['id']}", "-f", "qcow2")
            seen[f"{entry['name']}: entry of {path.name}"] = _content(path, *words)
        if path.name.startswith("free"):
            seen[f"image {path.name} holds"] = _content(path, "-f", "qcow2")
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
