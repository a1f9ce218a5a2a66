"""What tools have under way with the disks of a guest that is active, or left so."""

from __future__ import annotations

from tests.live.matrix.guest import OFF
from tests.worlds.machine import DidNot, Machine
from tests.worlds.member import Member
from tests.worlds.steps import act


def _active(member: Member) -> None:
    if member.state == OFF:
        raise DidNot("it is off")


@act("copy", "a copy that waits", others=True)
def copy(machine: Machine, member: Member) -> None:
    """A disk is mirrored, and the job waits to be ended, as after a move that was given up."""
    _active(member)
    target, _ = sorted(member.path_of.items())[0]
    new = f"{member.directory}/{target}.copy"
    words = ("--dest", new, "--format", "qcow2", "--transient-job", "--wait")
    machine.virsh("blockcopy", member.name, target, *words)


@act("end copy", "a copy that was given up", others=True)
def end_copy(machine: Machine, member: Member) -> None:
    """What it wrote stays beside the image."""
    _active(member)
    target, _ = sorted(member.path_of.items())[0]
    machine.virsh("blockjob", member.name, target, "--abort")


@act("backup", "a backup under way", others=True)
def backup(machine: Machine, member: Member) -> None:
    """Its tool may read the disks of now from a socket until it ends the job."""
    _active(member)
    server = f"<server transport='unix' socket='{member.directory}/socket'/>"
    xml = machine.xml(member, f"<domainbackup mode='pull'>{server}</domainbackup>")
    machine.virsh("backup-begin", member.name, str(xml))


@act("end backup", others=True)
def end_backup(machine: Machine, member: Member) -> None:
    """As its tool does."""
    _active(member)
    machine.virsh("domjobabort", member.name)
