"""What a world is made of, as data: features, and what a domain's own admin does with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import libvirt

from tests.live.matrix.guest import OFF, PAUSED, RUNNING
from tests.worlds.guards import GUARDS
from tests.worlds.hardware import HARDWARE
from tests.worlds.machine import DidNot, Machine
from tests.worlds.member import PLAINEST, Member
from tests.worlds.sorts import PLAIN, SORTS


@dataclass(frozen=True)
class Step:
    """One thing that is done to a domain; all that is chosen by chance is in it.

    Attributes:
        act: its key in :data:`ACTS`.
        on: what the domain is called in the world: ``a``, ``b``.
        words: what the act needs to know.
    """

    act: str
    on: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Act:
    """How a kind of step is done.

    Attributes:
        run: does it; raises :class:`DidNot` where it cannot be.
        feature: what the world has then, ``{}`` for the first word; empty for nothing.
        others: another person did it, behind the back of whoever takes snapshots.
        needs: whether the guest must be active, or must not.
    """

    run: Callable[..., object]
    feature: str = ""
    others: bool = False
    needs: bool | None = None


INACTIVE, ACTIVE = False, True
ACTS: dict[str, Act] = {}
IMPOSSIBLE = (DidNot, libvirt.libvirtError, AssertionError, OSError, LookupError, StopIteration)
"""What says that a step cannot be taken in this world."""


def act(
    name: str, feature: str = "", *, others: bool = False, needs: bool | None = None
) -> Callable[..., Callable[..., object]]:
    """Let a function be a kind of step."""

    def known(run: Callable[..., object]) -> Callable[..., object]:
        ACTS[name] = Act(run, feature, others, needs)
        return run

    return known


def take(machine: Machine, step: Step) -> bool:
    """Do a step; returns whether it was possible. What it left is a feature of the world.

    What is known to bring a program down is not done.
    """
    kind = ACTS[step.act]
    member = machine.members.get(step.on)
    try:
        if step.act.startswith("define"):
            kind.run(machine, step.on, *step.words)
        elif member is None or member.domain is None:
            return False
        else:
            if kind.needs is not None and kind.needs == (member.state == OFF):
                return False
            guard = GUARDS.get(step.act)
            if guard and (intent := guard(member, *step.words)):
                machine.safe(intent)
            kind.run(machine, member, *step.words)
    except IMPOSSIBLE:
        return False
    finally:
        machine.alive()
    if kind.feature:
        machine.has(kind.feature.format(*step.words, ""))
    if kind.others:
        machine.others.append(step.act)
    return True


# -- domains --------------------------------------------------------------------------------


@act("define")
def define(machine: Machine, name: str, *sorts: str) -> None:
    """A domain with a disk of each sort, and hardware of one."""
    _define(machine, name, sorts, transient=False)


@act("define-transient", "transient")
def define_transient(machine: Machine, name: str, *sorts: str) -> None:
    _define(machine, name, sorts, transient=True)


def _define(machine: Machine, name: str, words: tuple[str, ...], *, transient: bool) -> None:
    """Words of hardware may stand between those of disks."""
    sorts = [word for word in words if word in SORTS]
    kinds = [word for word in words if word in HARDWARE]
    version = machine.host.libvirt
    kinds = [word for word in kinds if not HARDWARE[word].obstacle(version, machine.root)]
    hardware = HARDWARE[kinds[0]] if kinds else PLAINEST
    member = Member(machine, f"{name}{machine.world}")
    machine.members[name] = member
    targets = [(f"vd{chr(ord('a') + at)}", sort) for at, sort in enumerate(sorts)]
    if transient and (hardware.off or any(SORTS[sort].off for sort in sorts)):
        raise DidNot("it is never started")
    member.make(targets, hardware, transient=transient)
    for sort in (*sorts, *kinds[:1]):
        if sort != PLAIN:
            machine.done.append(sort)
    if len(sorts) > 1:
        machine.done.append(f"{len(sorts)} disks")


def _there(machine: Machine, of: str) -> Member:
    """A domain that another one shares something with."""
    member = machine.members[of]
    if member.domain is None:
        raise DidNot("it could not be defined")
    return member


@act("define-clone", "a linked clone")
def define_clone(machine: Machine, name: str, of: str) -> None:
    """A second domain, whose disk is an overlay on an image of the first."""
    first = _there(machine, of)
    base = next(disk for disk in first.disks if disk.path and disk.target in first.now)
    member = Member(machine, f"{name}{machine.world}")
    path = str(member.directory / "vda.clone")
    words = ("create", "-q", "-f", "qcow2", "-F", base.format or "raw", "-b", base.path or "", path)
    machine.qemu_img(*words)
    machine.members[name] = member
    member.make([("vda", path)])
    member.look()


@act("define-same", "a second domain on the same file")
def define_same(machine: Machine, name: str, of: str) -> None:
    first = _there(machine, of)
    disk = next(one for one in first.disks if one.path and one.format == "qcow2")
    if disk.source_type != "file":
        raise DidNot("no file")
    member = Member(machine, f"{name}{machine.world}")
    member.never = True  # two QEMUs on one image are kept apart by its lock
    machine.members[name] = member
    member.make([("vda", disk.path or "")])
    member.look()


# -- states ---------------------------------------------------------------------------------


def _go(machine: Machine, member: Member, state: str) -> None:
    if member.never and state != OFF:
        raise DidNot("it is never started")
    was, loaded = member.state, False
    if was == state:
        return
    name = member.name
    if state == OFF:
        machine.virsh("destroy", name)
    elif was == OFF:
        loaded = member.saved
        machine.virsh("start", name, *(["--paused"] if state == PAUSED else []))
        if loaded and state == PAUSED:
            _take_images(machine, member)
    else:
        machine.virsh("suspend" if state == PAUSED else "resume", name)
    if member.agent is not None and (state == OFF or (was == OFF and not loaded)):
        member.agent.frozen = False


@act("freeze", "frozen", others=True)
def freeze(machine: Machine, member: Member) -> None:
    """As a tool for backups does that dies before it thaws."""
    if member.agent is None:
        raise DidNot("it has no agent")
    member.until_it_answers()
    machine.virsh("domfsfreeze", member.name)


@act("start", "running")
def start(machine: Machine, member: Member) -> None:
    _go(machine, member, RUNNING)


@act("pause", "paused")
def pause(machine: Machine, member: Member) -> None:
    _go(machine, member, PAUSED)


@act("power off")
def power_off(machine: Machine, member: Member) -> None:
    _go(machine, member, OFF)


@act("take images")
def take_images(machine: Machine, member: Member) -> None:
    if member.state != PAUSED:
        raise DidNot("it is not paused")
    _take_images(machine, member)


@act("save", "a managed save")
def save(machine: Machine, member: Member) -> None:
    """As a host does before it is started anew."""
    _go(machine, member, RUNNING)
    machine.virsh("managedsave", member.name)


@act("write")
def write(_: Machine, member: Member, more: str) -> None:
    member.write(more)


@act("resize", "resized {}")
def resize(machine: Machine, member: Member, how: str) -> None:
    """Make a disk larger or smaller between its snapshots."""
    target, path = sorted(member.path_of.items())[0]
    size = {"up": 6 << 20, "down": 3 << 20}[how]
    if member.state == OFF:
        machine.qemu_img("resize", "-q", *(["--shrink"] if how == "down" else []), path, str(size))
    else:
        machine.virsh("blockresize", member.name, target, f"{size}B")


# -- snapshots ------------------------------------------------------------------------------


@act("internal", "internal snapshots")
def internal(machine: Machine, member: Member, name: str) -> None:
    machine.virsh("snapshot-create-as", member.name, name)
    member.held_from_now(name)
    if member.state != OFF:
        machine.has("RAM inside")
        _holds_ram(member, name)


@act("external", "external snapshots")
def external(machine: Machine, member: Member, name: str, *left: str) -> None:
    """Of the disks alone, some of them left out."""
    _external(machine, member, name, left, ("--disk-only",))


@act("external with RAM", "external with RAM", needs=ACTIVE)
def with_ram(machine: Machine, member: Member, name: str) -> None:
    memory = f"file={member.directory}/{name}.mem,snapshot=external"
    _external(machine, member, name, (), ("--memspec", memory))
    _holds_ram(member, name)


def _holds_ram(member: Member, name: str) -> None:
    if member.agent is not None:
        member.agent.took(name)


def _external(
    machine: Machine, member: Member, name: str, left: tuple[str, ...], words: tuple[str, ...]
) -> None:
    specs = []
    for disk in member.disks:
        if disk.target in member.now:
            spec = f"{disk.target},snapshot=external,file={member.directory}/{disk.target}.{name}"
            specs += ["--diskspec", f"{disk.target},snapshot=no" if disk.target in left else spec]
    if left and set(member.now) <= set(left):
        raise DidNot("of no disk")
    machine.virsh("snapshot-create-as", member.name, name, "--atomic", *words, *specs)
    member.held_from_now(name, left)
    if left:
        machine.has("disks left out")
    if words[0] == "--memspec" and member.state == PAUSED:
        _take_images(machine, member)


def _take_images(machine: Machine, member: Member) -> None:
    """A paused QEMU that loaded or saved its RAM has given its images away, as in a migration.

    Its guest cannot write before it runs, and the lines that write in its stead must not either.
    Where another QEMU has one of them meanwhile, it does not go on, and is ended.
    """
    try:
        machine.virsh("resume", member.name)
    except DidNot:
        machine.virsh("destroy", member.name)
        raise
    machine.virsh("suspend", member.name)


@act("revert", "a fork")
def revert(machine: Machine, member: Member, name: str) -> None:
    """And write on."""
    if member.never:
        raise DidNot("it is never started")
    machine.virsh("snapshot-revert", member.name, name)
    second = int(time.time())
    if member.agent is not None:
        member.agent.at(name)
    member.look()
    if member.state == PAUSED:
        _take_images(machine, member)
    member.write()
    while int(time.time()) == second:  # two reverts in one give their overlays the same names
        time.sleep(max(0.0, second + 1 - time.time()))


@act("delete")
def delete(machine: Machine, member: Member, name: str) -> None:
    machine.virsh("snapshot-delete", member.name, name)
    member.held.pop(name, None)
