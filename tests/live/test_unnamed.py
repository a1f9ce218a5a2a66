"""Overlays that a backup script left: named where the domain is, and how they are merged."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.chains import files_of, layers_of
from snaptui.heads import read_heads
from snaptui.model import DomainKey
from snaptui.unnamed import DAY, Unnamed, unnamed_overlays
from tests.lab import Lab, qemu_img, write
from tests.terminal import Terminal


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    """A domain on tmp2 -> tmp1 -> base, whose script went away."""
    key = lab.define("web", running=True)
    for name in ("tmp1", "tmp2"):
        lab.snapshot("web", name, "--disk-only", "--no-metadata")
    return key


def place(lab: Lab, name: str) -> Path:
    return lab.image("web").with_suffix(f".{name}")


def found(lab: Lab, key: DomainKey) -> tuple[Unnamed, ...]:
    backend = LibvirtBackend(lab.uri)
    try:
        backend.connect()
        config = backend.config(key)
        known = [backend.snapshot(key, name) for name in backend.snapshot_names(key)]
        heads = read_heads(backend, files_of(config, known))
        return unnamed_overlays(config, known, layers_of(config, known, heads, keeps_memory=True))
    finally:
        backend.abandon()


def test_they_are_found_and_the_title_says_so(lab: Lab, key: DomainKey) -> None:
    assert [(one.path, one.lower, one.top) for one in found(lab, key)] == [
        (str(place(lab, "tmp2")), str(place(lab, "tmp1")), True),
        (str(place(lab, "tmp1")), str(lab.image("web")), False),
    ]
    old = time.time() - 2 * DAY
    os.utime(place(lab, "tmp1"), (old, old))
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        terminal.wait("2 overlays that no snapshot names", ".tmp2: a backup", ".tmp1. To merge it")
        terminal.wait("virsh blockcommit --domain=")


def test_one_of_less_than_a_day_or_beside_checkpoints_may_be_a_backups(
    lab: Lab, key: DomainKey
) -> None:
    _, lower = found(lab, key)
    assert not lower.settled((), time.time())
    assert lower.settled((), time.time() + 2 * DAY)
    assert not lower.settled(("backup",), time.time() + 2 * DAY)
    assert not lower.settled(None, time.time() + 2 * DAY)


def test_the_lines_that_are_said_merge_them(lab: Lab, key: DomainKey) -> None:
    for _ in range(2):
        words = shlex.split(found(lab, key)[-1].merge(key.uuid))
        subprocess.run([words[0], "-c", lab.uri, *words[1:], "--wait"], check=True, stdout=-3)
    assert found(lab, key) == ()
    assert str(lab.image("web")) in lab.virsh("domblklist", "web")


def test_what_a_snapshot_names_is_not_among_them(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one", "--disk-only")
    write(place(lab, "one"), 0x22)
    assert found(lab, key) == ()
    lab.virsh("snapshot-delete", "web", "one", "--metadata")
    assert [one.path for one in found(lab, key)] == [str(place(lab, "one"))]


def test_a_linked_clone_is_never_to_be_merged_into_its_template(lab: Lab) -> None:
    lab.define("web")
    clone = lab.images / "clone.qcow2"
    base = str(lab.image("web"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", str(clone))
    lab.define_xml(lab.virsh("dumpxml", "web").replace(base, str(clone)))
    (one,) = found(lab, DomainKey(lab.uri, lab.virsh("domuuid", "web").strip()))
    assert not one.taken
    assert not one.settled((), time.time() + 2 * DAY)
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        terminal.wait("no snapshots yet: c takes one", "it is a linked clone's")
        assert "blockcommit" not in terminal.text
