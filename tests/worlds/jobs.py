"""What tools have under way with the disks of a guest that is active, or left so."""

from __future__ import annotations

from tests.worlds.machine import Machine
from tests.worlds.member import Member
from tests.worlds.steps import ACTIVE, act


@act("copy", "a copy that waits", others=True, needs=ACTIVE)
def copy(machine: Machine, member: Member) -> None:
    """A disk is mirrored, and the job waits to be ended, as after a move that was given up."""
    target, _ = sorted(member.path_of.items())[0]
    new = f"{member.directory}/{target}.copy"
    words = ("--dest", new, "--format", "qcow2", "--transient-job", "--wait")
    machine.virsh("blockcopy", member.name, target, *words)


@act("end copy", "a copy that was given up", others=True, needs=ACTIVE)
def end_copy(machine: Machine, member: Member) -> None:
    """What it wrote stays beside the image."""
    target, _ = sorted(member.path_of.items())[0]
    machine.virsh("blockjob", member.name, target, "--abort")


@act("backup", "a backup under way", others=True, needs=ACTIVE)
def backup(machine: Machine, member: Member) -> None:
    """Its tool may read the disks of now from a socket until it ends the job."""
    server = f"<server transport='unix' socket='{member.directory}/socket'/>"
    xml = machine.xml(member, f"<domainbackup mode='pull'>{server}</domainbackup>")
    machine.virsh("backup-begin", member.name, str(xml))


@act("end backup", others=True, needs=ACTIVE)
def end_backup(machine: Machine, member: Member) -> None:
    """As its tool does."""
    machine.virsh("domjobabort", member.name)
