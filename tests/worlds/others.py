"""What other people and their tools do to the images and definitions of a domain."""

from __future__ import annotations

import os
import re
import shutil
import struct
from pathlib import Path

from tests.lab import MIB, without_chain
from tests.live.matrix.guest import OFF
from tests.worlds import contents, place, recipe
from tests.worlds.machine import DidNot, Machine
from tests.worlds.member import Member
from tests.worlds.sorts import PLAIN
from tests.worlds.steps import ACTIVE, INACTIVE, act, delete

MONTH = 30 * 86_400
"""Seconds by which a time is set back."""


def _qcow2(member: Member, which: int = 0) -> tuple[str, str]:
    """Target and path of a disk whose image can hold snapshots."""
    found = [(d.target, d.path or "") for d in member.disks if d.format == "qcow2" and d.path]
    if not found:
        raise DidNot("no qcow2")
    return found[which % len(found)]


def _files(member: Member) -> list[str]:
    """The images that the definition names as files of disks."""
    found = [disk for disk in member.disks if disk.device == "disk"]
    paths = [disk.path for disk in found if disk.source_type == "file" and disk.path]
    return [path for path in paths if os.path.isfile(path)]  # it may name a device as a file


@act("unmanaged", "unmanaged inside", others=True, needs=INACTIVE)
def unmanaged(machine: Machine, member: Member, name: str, which: str) -> None:
    """qemu-img takes a snapshot of one disk or of all."""
    paths = [disk.path or "" for disk in member.disks if disk.format == "qcow2" and disk.path]
    for path in paths if which == "all" else [_qcow2(member, int(which))[1]]:
        machine.qemu_img("snapshot", "-c", name, path)
    member.unmanaged[name] = dict(member.now)


@act("drop", "hollow", others=True, needs=INACTIVE)
def drop(machine: Machine, member: Member, name: str, which: str) -> None:
    """qemu-img deletes what one image holds of a snapshot."""
    target, path = _qcow2(member, int(which))
    machine.qemu_img("snapshot", "-d", name, path)
    member.held.get(name, {}).pop(target, None)


@act("apply", "applied by hand", others=True, needs=INACTIVE)
def apply(machine: Machine, member: Member, name: str, which: str) -> None:
    """qemu-img goes back with one disk alone."""
    machine.qemu_img("snapshot", "-a", name, _qcow2(member, int(which))[1])
    member.look()


@act("bitmap", "bitmaps", others=True, needs=INACTIVE)
def bitmap(machine: Machine, member: Member, name: str, which: str) -> None:
    machine.qemu_img("bitmap", "--add", _qcow2(member, int(which))[1], name)


@act("checkpoint", "checkpoints", others=True, needs=ACTIVE)
def checkpoint(machine: Machine, member: Member, name: str) -> None:
    machine.virsh("checkpoint-create-as", member.name, name)


@act("unnamed", "overlays without metadata", others=True)
def unnamed(machine: Machine, member: Member, name: str) -> None:
    """As a backup does that dies before it merges them."""
    specs = []
    for target in member.now:
        spec = f"{target},snapshot=external,file={member.directory}/{target}.{name}"
        specs += ["--diskspec", spec]
    words = ("--disk-only", "--no-metadata", "--atomic")
    machine.virsh("snapshot-create-as", member.name, *words, *specs)


@act("edit-back", "defined on the base again", others=True, needs=INACTIVE)
def edit_back(machine: Machine, member: Member) -> None:
    """The definition names the image beneath, so that the overlay looks like garbage."""
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    _, path = _qcow2(member)
    lower = contents.info(path).get("full-backing-filename")
    if not lower:
        raise DidNot("nothing lies beneath")
    form = contents.info(path).get("backing-filename-format", "raw")
    start = xml.rindex("<disk ", 0, xml.index(f"'{path}'"))
    end = xml.index("</disk>", start)
    disk = xml[start:end].replace(path, str(lower))
    disk = re.sub(r"type='(qcow2|raw)'", f"type='{form}'", disk, count=1)
    define(machine, member, without_chain(xml[:start] + disk + xml[end:]))
    member.look()
    member.write()


@act("move", "images moved", others=True, needs=INACTIVE)
def move(machine: Machine, member: Member) -> None:
    """To another directory, and the definition says so; no record does."""
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    folder = member.directory / "moved"
    Path(place.inside(folder)).mkdir()
    machine.note("mkdir", str(folder))
    files = _files(member)
    for old in files:
        new = str(folder / Path(old).name)
        machine.run("mv", old, new)
        xml = xml.replace(f"'{old}'", f"'{new}'")
    define(machine, member, xml)
    member.look()


def define(machine: Machine, member: Member, xml: str) -> None:
    """Give it another definition."""
    machine.virsh("define", str(machine.xml(member, xml)))
    member.domain = member.connection.lookupByName(member.name)


@act("rename", "renamed", others=True, needs=INACTIVE)
def rename(machine: Machine, member: Member) -> None:
    """The domain alone: its images, and the records of its snapshots, keep the old name."""
    new = f"{member.name}-new"
    machine.virsh("domrename", member.name, new)
    member.name = new
    member.domain = member.connection.lookupByName(new)


@act("overlay-by-hand", "an overlay by hand", others=True, needs=INACTIVE)
def overlay_by_hand(machine: Machine, member: Member, name: str) -> None:
    """qemu-img lays it upon a disk, and the definition is edited; no record says so."""
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    target, path = _qcow2(member)
    if path not in _files(member):
        raise DidNot("no file")
    new = f"{member.directory}/{target}.{name}"
    machine.qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", path, new)
    define(machine, member, xml.replace(f"'{path}'", f"'{new}'"))
    member.look()
    member.write()


@act("rename images", "images renamed", others=True, needs=INACTIVE)
def rename_images(machine: Machine, member: Member) -> None:
    """Where they are, and the definition says so; no record does, and no overlay."""
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    for old in _files(member):
        new = f"{old}.renamed"
        machine.run("mv", old, new)
        xml = xml.replace(f"'{old}'", f"'{new}'")
    define(machine, member, xml)
    member.look()


@act("set-time-back", "times in headers set back", others=True, needs=INACTIVE)
def set_time_back(machine: Machine, member: Member, which: str) -> None:
    """What an image holds is older, as it is after its host's clock was put right."""
    path = Path(_qcow2(member, int(which))[1])
    with open(place.inside(path), "r+b") as f:
        f.seek(60)  # docs/interop/qcow2.txt, Header and Snapshots
        number, offset = struct.unpack(">IQ", f.read(12))
        if not number:
            raise DidNot("it holds nothing")
        for _ in range(number):
            f.seek(offset)
            entry = f.read(40)
            seconds = int.from_bytes(entry[16:20], "big") - MONTH
            f.seek(offset + 16)
            f.write(seconds.to_bytes(4, "big"))
            bytes_ = "".join(f"\\x{one:02x}" for one in seconds.to_bytes(4, "big"))
            line = f"printf '{bytes_}' | dd conv=notrunc bs=1 seek={offset + 16} of={path}"
            machine.lines.append(recipe.shown(line))
            lengths = struct.unpack(">HH", entry[12:16]) + struct.unpack(">I", entry[36:40])
            offset = -(-(offset + 40 + sum(lengths)) // 8) * 8


@act("attach", "a disk added", others=True)
def attach(machine: Machine, member: Member, target: str) -> None:
    """A disk came later."""
    xml = member.new_disk(target, PLAIN, next(member._bytes))
    how = ("--config",) if member.state == OFF else ("--config", "--live")
    try:
        machine.virsh("attach-device", member.name, str(machine.xml(member, xml)), *how)
    except DidNot:
        member.give_up(target)
        raise


@act("detach", "a disk taken away", others=True, needs=INACTIVE)
def detach(machine: Machine, member: Member) -> None:
    targets = sorted(member.now)
    if len(targets) < 2:
        raise DidNot("it is the only one")
    machine.virsh("detach-disk", member.name, targets[-1], "--config")
    del member.now[targets[-1]]


@act("commit by hand", "merged by hand", others=True)
def commit(machine: Machine, member: Member) -> None:
    """The newest overlay of a disk is merged behind libvirt's records."""
    target, path = _qcow2(member)
    if not contents.info(path).get("backing-filename"):
        raise DidNot("nothing lies beneath")
    if member.state == OFF:
        machine.qemu_img("commit", "-q", "-f", "qcow2", path)
    else:
        words = ("--active", "--pivot", "--wait", "--shallow")
        machine.virsh("blockcommit", member.name, target, *words)


@act("commit beneath", "merged beneath by hand", others=True)
def commit_beneath(machine: Machine, member: Member) -> None:
    """An overlay beneath the newest one is merged and removed behind libvirt's records."""
    target, path = _qcow2(member)
    _, *beneath = contents.chain(path)
    if len(beneath) < 2:
        raise DidNot("no two images lie beneath")
    middle, base = beneath[:2]
    if member.state != OFF:
        between = ("--top", middle, "--base", base, "--wait", "--delete")
        machine.virsh("blockcommit", member.name, target, *between)
        return
    form = contents.info(middle).get("backing-filename-format", "raw")
    machine.qemu_img("commit", "-q", "-f", "qcow2", middle)
    machine.qemu_img("rebase", "-u", "-f", "qcow2", "-F", form, "-b", base, path)
    machine.run("rm", middle)
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    define(machine, member, without_chain(xml))


@act("rebase", "rebased by hand", others=True, needs=INACTIVE)
def rebase(machine: Machine, member: Member) -> None:
    """An overlay is made to stand alone."""
    machine.qemu_img("rebase", "-f", "qcow2", "-b", "", _qcow2(member)[1])


@act("lend", "an image of nobody upon it", others=True)
def lend(machine: Machine, member: Member, name: str) -> None:
    _, path = _qcow2(member)
    lent = Path(path).parent / name  # where nobody has a pool snaptui looks beside what is named
    if not lent.is_relative_to(machine.images):
        raise DidNot("it would lie outside")
    machine.qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", path, str(lent), "-u",
                     str(4 * MIB))  # fmt: skip
    machine.loose.append(lent)


@act("loose", "an image of nobody", others=True)
def loose(machine: Machine, member: Member, name: str, number: str) -> None:
    """With entries of its own; it may be looked at and changed as an image."""
    path = member.directory / name
    machine.qemu_img("create", "-q", "-f", "qcow2", str(path), str(4 * MIB))
    for at in range(int(number)):
        machine.run("qemu-io", "-f", "qcow2", "-c", f"write -P {at + 1} {at * 300}k 1M", str(path))
        machine.qemu_img("snapshot", "-c", f"{name}-{at}", str(path))
    machine.run("qemu-io", "-f", "qcow2", "-c", "write -P 99 512k 2M", str(path))
    machine.loose.append(path)


@act("copy back", "a file replaced", others=True, needs=INACTIVE)
def copy_back(machine: Machine, member: Member) -> None:
    """The image is replaced by a copy of itself, as after a restore."""
    path = _qcow2(member)[1]
    if not os.path.isfile(path):
        raise DidNot("no file")
    shutil.copy(place.inside(path), place.inside(f"{path}.copy"))
    machine.note("cp", path, f"{path}.copy")
    machine.run("mv", f"{path}.copy", path)


@act("restore", "an older file restored", others=True, needs=INACTIVE)
def restore(machine: Machine, member: Member) -> None:
    """The image is replaced by one made anew from what the disk holds, without its snapshots."""
    path = _qcow2(member)[1]
    if not os.path.isfile(path):
        raise DidNot("no file")
    machine.qemu_img("convert", "-f", "qcow2", "-O", "qcow2", path, f"{path}.new")
    machine.run("mv", f"{path}.new", path)


@act("remove", "an image that is gone", others=True)
def remove(machine: Machine, member: Member, which: str) -> None:
    """A file of a chain, RAM or data is deleted; its guest may go on with what it has open."""
    files = _deletable(member)
    if not files:
        raise DidNot("no file")
    path = files[int(which) % len(files)]
    for one in machine.members.values():
        for disk in one.disks if one.domain is not None else ():
            if path in contents.chain(disk.path or ""):
                one.give_up(disk.target)
    machine.run("rm", path)


def _deletable(member: Member) -> list[str]:
    """The files of its disks and what lies beneath them, and then those beside them."""
    disks = [disk for disk in member.disks if disk.device == "disk" and disk.path]
    chains = [path for disk in disks for path in contents.chain(disk.path or "")]
    beside = [str(path) for path in sorted(member.directory.iterdir())]
    lent = {f"{disk.target}.{disk.format}" for disk in disks if disk.source_type == "block"}
    return [
        path
        for path in dict.fromkeys([*chains, *beside])
        if os.path.isfile(path) and Path(path).suffix not in ("", ".xml")
        if Path(path).name not in lent  # a device holds it
    ]


@act("read-only file", "a file that is read-only", others=True)
def chmod(machine: Machine, member: Member) -> None:
    machine.run("chmod", "0444", _qcow2(member)[1])


@act("fill", "a full file system", others=True)
def fill(machine: Machine, _: Member, left: str) -> None:
    """A log or a dump fills the file system of the images, but for so many KiB."""
    machine.fill(int(left) << 10)


@act("virsh-delete", "deleted by virsh", others=True)
def virsh_delete(machine: Machine, member: Member, name: str) -> None:
    """Another admin deletes one."""
    delete(machine, member, name)
