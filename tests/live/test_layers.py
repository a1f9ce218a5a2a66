"""What external snapshots are said to cost is what deleting them with virsh really gives back."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import Layers, files_of, layers_of
from snaptui.storage.branches import branches_of
from snaptui.storage.costs import Cost, cost_of, reclaim_of
from snaptui.storage.disk_cost import Counted
from snaptui.storage.qcow2.usage import ImageUsage
from tests.lab import MIB, Lab, next_second, qemu_img
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm
from tests.unit.images import Plain, qemu_io

KIB = 1 << 10
METADATA = 64 * KIB
"""By which figures may differ: L2 tables and refcounts that the image beneath takes too."""
WIDE = (190, 50)
words, tiny = text.short_size, text.tiny_size


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
    """Snapshots one, two and three; each overlay holds some of what lies beneath, and more."""
    lab.define("web", size=64 * MIB, **more)  # type: ignore[arg-type]  # define checks
    base = lab.image("web")
    form = str(more.get("format", "qcow2"))
    qemu_io(base, "write 0 12M", form=form)
    extern(lab, "one")
    qemu_io(overlay(lab, "one"), "write 8M 8M", "write -z 0 64k")
    extern(lab, "two")
    qemu_io(overlay(lab, "two"), "write 12M 12M", "write 2M 1M")
    extern(lab, "three")
    qemu_io(overlay(lab, "three"), "write 4M 2M", "write 9M 1M", "write 20M 10M", "write -z 40M 2M")


def looked(lab: Lab, key: DomainKey) -> tuple[list[Snapshot], Counted, Layers]:
    """The snapshots, and how their images lie upon each other, read and counted now."""
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    current = backend.current_snapshot(key)
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
    branches = branches_of(host, config, snapshots, current)
    layers = layers_of(config, snapshots, heads, keeps_memory=True, branches=branches)
    counted = {
        path: _counted(backend, layers, path)
        for path, image in heads.items()
        if isinstance(image, ImageInfo) and image.format == "qcow2"
    }
    backend.abandon()
    return snapshots, counted, layers


def costs(lab: Lab, key: DomainKey) -> dict[str, Cost | NotKnown]:
    """By snapshot, what it costs."""
    snapshots, counted, layers = looked(lab, key)
    return {one.name: cost_of(one, counted, layers) for one in snapshots}


def _counted(backend: LibvirtBackend, layers: Layers, path: str) -> ImageUsage:
    usage = backend.count_image(path, lambda done, total: None)
    depth = len(layers.merged_beneath(path))
    if not depth:
        return usage
    return replace(usage, overlap=backend.overlap(path, lambda done, total: None, depth))


def known(cost: Cost | NotKnown) -> tuple[int, int]:
    """What it gives back, and what it needs first."""
    assert isinstance(cost, Cost)
    assert isinstance(cost.reclaim, int)
    return cost.reclaim, cost.needs


@pytest.mark.parametrize(
    ("stack", "form"), [("lab", "qcow2"), ("lab", "raw"), ("newer_lab", "raw")]
)
def test_the_newest_of_a_domain_that_is_off(
    request: pytest.FixtureRequest, stack: str, form: str
) -> None:
    """Each in turn from the top: what the screen says, and df falls by that."""
    lab: Lab = request.getfixturevalue(stack)
    chain(lab, format=form)
    key = lab.key("web")
    layers = [lab.image("web"), *(overlay(lab, name) for name in ("one", "two"))]
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.wait(*(tiny(taken(path)) for path in layers[1:]), f"({tiny(taken(layers[0]))})")
        for name, beneath in zip(("three", "two", "one"), reversed(layers), strict=True):

            def gone(name: str = name) -> bool:
                return not [
                    line
                    for line in terminal.text.splitlines()
                    if f" {name} " in line and "E disk" in line
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


@pytest.mark.parametrize("form", sample(1, ["qcow2", "raw"]))
@pytest.mark.parametrize("name", sample(2, ["one", "two", "three"]))
def test_any_of_a_running_domain(lab: Lab, form: str, name: str) -> None:
    chain(lab, format=form)
    lab.start("web")
    key = lab.key("web")
    reclaim, needs = known(costs(lab, key)[name])
    order = ["", "one", "two", "three"]
    below = order[order.index(name) - 1]
    beneath = overlay(lab, below) if below else lab.image("web")
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
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


@pytest.mark.parametrize("form", sample(1, ["qcow2", "raw"]))
@pytest.mark.parametrize("which", sample(2, ["one two", "two three", "one two three"]))
def test_several_that_are_merged_on(lab: Lab, form: str, which: str) -> None:
    """The figure of all that are marked is what they give back, and not the sum of each."""
    names = which.split()
    chain(lab, format=form)
    lab.start("web")
    key = lab.key("web")
    snapshots, counted, layers = looked(lab, key)
    chosen = [one for one in snapshots if one.name in names]
    together = reclaim_of(chosen, counted, layers)
    assert isinstance(together, int)
    apart = sum(known(cost_of(one, counted, layers))[0] for one in chosen)
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.until(lambda: not re.search(r" \? *$", terminal.text, re.MULTILINE), "the figures")
        terminal.press(*"j" * ("one", "two", "three").index(names[0]), *" " * len(names))
        marked = f"{len(names)} snapshots marked: deleting them frees {text.size(together)}."
        terminal.wait(marked)
        terminal.press("d")
        terminal.wait(f"Delete {len(names)} snapshots of web", f"frees {text.size(together)}")
        before = on_host(lab)
        confirm(terminal)
        terminal.wait(f"Delete {len(names)} snapshots of web: done")
    fell = before - on_host(lab)
    assert abs(fell - together) <= METADATA * len(names)
    assert abs(fell - together) < abs(fell - apart)


def test_several_disks_and_memory_that_is_left_behind(lab: Lab) -> None:
    key = lab.define("web", disks=("vda", "vdb"), size=64 * MIB, running=True)
    memory = lab.images / "web.mem"
    lab.snapshot("web", "ram", f"--memspec=file={memory},snapshot=external")
    frozen = sum(taken(lab.image("web", target)) for target in ("vda", "vdb"))
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "ram")
        reclaim, needs = known(costs(lab, key)["ram"])
        terminal.wait(f"({tiny(frozen + taken(memory))})", f" {tiny(reclaim)}")
        terminal.press("enter")
        terminal.wait(
            f"{words(reclaim)} when deleted by merging, needs {text.size(needs)} first",
            f"Cost RAM {text.size(taken(memory))} written, 0 B freed",
            f"{memory}: this libvirt does not remove it when deleting",
        )
    before = on_host(lab)
    lab.virsh("snapshot-delete", "web", "ram")
    assert abs(before - on_host(lab) - reclaim) <= METADATA
    assert memory.exists(), "libvirt is mended"


def test_internal_snapshots_beneath_and_inside_an_overlay(lab: Lab) -> None:
    """Each figure is of its own image, and all of them add up to what the images hold."""
    key = lab.define("web", size=64 * MIB)
    base = lab.image("web")
    lab.snapshot("web", "deep")
    qemu_io(base, "write 0 4M", "write 8M 2M")
    extern(lab, "over")
    top = overlay(lab, "over")
    qemu_io(top, "write 2M 6M")
    lab.snapshot("web", "inside")
    qemu_io(top, "write 3M 1M", "write 20M 1M")
    below, above = Plain(base), Plain(top)
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "deep", "over", "inside")
        terminal.wait(
            f"({tiny(below.growth(0))})",
            tiny(below.frees({0})),
            f" {tiny(below.active)} ",
            f" {tiny(above.growth(0))} ",
            tiny(above.frees({0})),
            f"+{tiny(above.active)}",
        )
        terminal.press("j")
        terminal.wait("its overlay holds internal snapshots, which a delete would destroy")
    found = costs(lab, key)
    written = [cost.written for cost in found.values() if isinstance(cost, Cost)]
    assert sum(one for one in written if isinstance(one, int)) + above.active == sum(
        plain.growth(0) + plain.active for plain in (below, above)
    )


def test_what_a_revert_left_frees_nothing_where_no_delete_removes_it(lab: Lab) -> None:
    """libvirt 9.0 moves the disk beneath the overlay without a word, and deletes only metadata."""
    key = lab.define("web", size=64 * MIB)
    lab.snapshot("web", "deep")
    next_second()
    extern(lab, "left")
    left = overlay(lab, "left")
    qemu_io(left, "write 0 5M")
    lab.virsh("snapshot-revert", "web", "deep")
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "deep", "left")
        terminal.press("j")
        terminal.wait("the image that it froze is written to again", "Frees    ? (a delete is ref")
        terminal.press("d")
        terminal.wait("Refused: ", gone="Space: ")
    next_second()
    extern(lab, "again")
    what = costs(lab, key)["left"]
    assert "until again" in str(what)
    assert isinstance(what, Cost)
    assert isinstance(what.reclaim, NotKnown)
    done = lab.virsh("snapshot-delete", "web", "left", check=False)
    assert "invalid argument" in done
    assert left.exists()


def test_the_title_says_what_lies_in_backing_files(lab: Lab) -> None:
    """Of an overlay that somebody else made: no snapshot accounts for what is beneath it."""
    lab.define("web", size=64 * MIB)
    base, over = lab.image("web"), lab.images / "over.qcow2"
    qemu_io(base, "write 0 8M")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(over))
    lab.define_xml(lab.xml("web", inactive=True).replace(str(base), str(over)))
    backing = tiny(taken(base))
    with Terminal(["-c", lab.uri, "web"], size=(120, 30)) as terminal:
        terminal.wait("connected", f"+ {backing} backing", gone="0B snapshots")
        terminal.resize(250, 40)
        terminal.wait("0B snapshots", f", {backing} in backing files")
        base.rename(lab.images / "hidden")
        terminal.press("f5")
        terminal.wait("? in backing files")


def test_what_cannot_be_told_says_why(lab: Lab) -> None:
    key = lab.define("web", disks=("vda", "vdb"), size=64 * MIB)
    extern(lab, "one")
    extern(lab, "two")
    twin = lab.images / "twin.qcow2"
    middle = overlay(lab, "one")
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(middle), "-F", "qcow2", str(twin))
    lab.virsh("snapshot-create-as", "web", "three", "--disk-only", "--diskspec", "vdb,snapshot=no")
    overlay(lab, "two", "vdb").rename(lab.images / "hidden")
    found = costs(lab, key)
    assert "vdb: gone" in str(found["two"])
    assert "not known to its end" in str(found["one"])
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.press("j")
        terminal.wait(f"broken: its overlay is missing ({overlay(lab, 'two', 'vdb')})")
        terminal.press("enter")
        terminal.wait("Frees    ? (a delete is refused: its overlay is missing")
        terminal.press("esc", "G")
        terminal.wait("Chain", "No such file or directory")


def test_an_overlay_on_which_others_lie_is_not_merged(lab: Lab) -> None:
    """A second branch, whose snapshot is known to libvirt."""
    key = lab.define("web", size=64 * MIB)
    extern(lab, "one")
    middle, other = overlay(lab, "one"), lab.images / "other.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(middle), "-F", "qcow2", str(other))
    xml = lab.xml("web", inactive=True)
    extern(lab, "two")
    branch = lab.directory / "branch.xml"
    branch.write_text(
        "<domainsnapshot><name>branch</name><creationTime>1700000000</creationTime>"
        "<state>shutoff</state><parent><name>one</name></parent><disks>"
        f"<disk name='vda' snapshot='external'><source file='{other}'/></disk></disks>"
        f"{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "web", str(branch), "--redefine")
    found = costs(lab, key)
    assert "several overlays use its overlay" in str(found["one"])
    assert "several overlays use its overlay or its backing file" in str(found["two"])
    assert "only its metadata can be deleted" in str(found["branch"])


def test_the_chain_is_told_from_the_top(lab: Lab) -> None:
    chain(lab, format="raw")
    with Terminal(["-c", lab.uri, "web"], size=WIDE) as terminal:
        at_snapshots(terminal, "one", "two", "three")
        terminal.press("G")
        top = [taken(overlay(lab, name)) for name in ("three", "two", "one")]
        base = text.size(taken(lab.image("web")))
        newest = f"{overlay(lab, 'three').name}: qcow2, {text.size(top[0])} on the host"
        terminal.wait(
            newest, f"{lab.image('web').name}: raw, {base} on the host, 64.0 MiB virtual;"
        )
        lines = [line for line in terminal.text.splitlines() if " virtual; in " in line]
        for name, size, line in zip(("three", "two", "one"), top, lines, strict=False):
            expected = f" qcow2, {text.size(size)} on the host, 64.0 MiB virtual; in {lab.images}"
            assert f" {overlay(lab, name).name}:{expected}" in line
        assert ["Chain" in line for line in lines] == [True, False, False, False]
        terminal.press("g", "j", "enter")
        terminal.wait("two", f"{overlay(lab, 'one').name}: qcow2, {text.size(top[2])} on the host")
