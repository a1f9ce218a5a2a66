"""What external snapshots are said to cost is what deleting them with virsh really gives back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snaptui import text
from snaptui.backend.libvirt_backend import LibvirtBackend
from snaptui.chains import Layers, files_of, layers_of
from snaptui.costs import Cost, cost_of
from snaptui.model import DomainKey, ImageInfo, NotKnown
from snaptui.qcow2.usage import ImageUsage
from tests.lab import MIB, Lab
from tests.terminal import Terminal, at_snapshots
from tests.unit.images import qemu_io

KIB = 1 << 10
METADATA = 384 * KIB
"""By which figures may differ: L2 tables and refcounts that the image beneath takes too."""
words = text.short_size


def taken(path: Path) -> int:
    return path.stat().st_blocks * 512


def on_host(lab: Lab) -> int:
    """What all images together take."""
    os.sync()
    return sum(map(taken, lab.images.iterdir()))


def overlay(lab: Lab, snapshot: str, target: str = "vda") -> Path:
    return lab.image("web", target).with_suffix(f".{snapshot}")


def extern(lab: Lab, snapshot: str, *options: str) -> None:
    lab.snapshot("web", snapshot, "--disk-only", *options)


def chain(lab: Lab, **more: object) -> None:
    """Snapshots one, two and three; each overlay has data of the one beneath, and new ones."""
    lab.define("web", size=64 * MIB, **more)  # type: ignore[arg-type]
    base = lab.image("web")
    form = str(more.get("format", "qcow2"))
    qemu_io(base, "write 0 12M", form=form)
    extern(lab, "one")
    qemu_io(overlay(lab, "one"), "write 8M 8M", "write -z 0 64k")
    extern(lab, "two")
    qemu_io(overlay(lab, "two"), "write 12M 12M")
    extern(lab, "three")
    qemu_io(overlay(lab, "three"), "write 4M 2M", "write 20M 10M", "write -z 40M 2M")


def costs(lab: Lab, key: DomainKey) -> dict[str, Cost | NotKnown]:
    """By snapshot, what it costs, read and counted now."""
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    config, names = backend.config(key), backend.snapshot_names(key)
    snapshots = [backend.snapshot(key, name) for name in names]
    heads: dict[str, ImageInfo | NotKnown] = {}
    due = dict(files_of(config, snapshots))
    while due:
        path, raw = due.popitem()
        if not Path(path).exists():
            heads[path] = NotKnown("gone")
            continue
        image = heads[path] = backend.image(path, raw=raw)
        if isinstance(image.backing, str) and image.backing not in heads:
            due[image.backing] = image.backing_format == "raw"
    layers = layers_of(config, snapshots, heads, keeps_memory=True)
    counted = {
        path: _counted(backend, layers, path)
        for path, image in heads.items()
        if isinstance(image, ImageInfo) and image.format == "qcow2"
    }
    backend.abandon()
    return {one.name: cost_of(one, counted, layers) for one in snapshots}


def _counted(backend: LibvirtBackend, layers: Layers, path: str) -> ImageUsage:
    from dataclasses import replace

    usage = backend.count_image(path, lambda done, total: None)
    if path not in layers.merging:
        return usage
    return replace(usage, overlap=backend.overlap(path, lambda done, total: None))


def known(cost: Cost | NotKnown) -> tuple[int, int]:
    """What it gives back, and what it needs first."""
    assert isinstance(cost, Cost)
    assert isinstance(cost.reclaim, int)
    return cost.reclaim, cost.needs


@pytest.mark.parametrize("form", ["qcow2", "raw"])
def test_the_newest_of_a_domain_that_is_off(lab: Lab, form: str) -> None:
    """Each in turn from the top: what the screen says, and df falls by that."""
    chain(lab, format=form)
    key = DomainKey(lab.uri, lab.virsh("domuuid", "web").strip())
    layers = [lab.image("web"), *(overlay(lab, name) for name in ("one", "two"))]
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.wait(*(words(taken(path)) for path in layers[1:]), f"({words(taken(layers[0]))})")
        for name, beneath in zip(("three", "two", "one"), reversed(layers), strict=True):

            def gone(name: str = name) -> bool:
                return not [
                    line
                    for line in terminal.text.splitlines()
                    if f" {name} " in line and "E disks" in line
                ]

            reclaim, needs = known(costs(lab, key)[name])
            terminal.press("G", "k")
            terminal.wait(
                f"{words(reclaim)} when deleted by merging, needs {text.size(needs)} first",
            )
            before, grown = on_host(lab), taken(beneath)
            lab.virsh("snapshot-delete", "web", name)
            assert not overlay(lab, name).exists()
            fell, grown = before - on_host(lab), taken(beneath) - grown
            assert abs(fell - reclaim) <= METADATA
            assert needs - METADATA <= grown <= needs + METADATA
            terminal.until(gone, f"{name} to go")
    assert lab.snapshots("web") == []


@pytest.mark.parametrize("form", ["qcow2", "raw"])
@pytest.mark.parametrize("name", ["one", "two", "three"])
def test_any_of_a_running_domain(lab: Lab, form: str, name: str) -> None:
    chain(lab, format=form)
    lab.virsh("start", "web")
    key = DomainKey(lab.uri, lab.virsh("domuuid", "web").strip())
    reclaim, needs = known(costs(lab, key)[name])
    order = ["", "one", "two", "three"]
    below = order[order.index(name) - 1]
    beneath = overlay(lab, below) if below else lab.image("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.press(*"j" * (order.index(name) - 1))
        terminal.wait(
            f"{words(reclaim)} when deleted by merging, needs {text.size(needs)} first",
        )
    before, grown = on_host(lab), taken(beneath)
    lab.virsh("snapshot-delete", "web", name)
    fell, grown = before - on_host(lab), taken(beneath) - grown
    assert abs(fell - reclaim) <= METADATA
    assert needs - METADATA <= grown <= needs + METADATA
    after = costs(lab, key)
    assert all(isinstance(cost, Cost) for cost in after.values())
