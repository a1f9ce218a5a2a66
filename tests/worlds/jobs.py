"""What tools have under way with the disks of a guest that is active, or left so."""

from __future__ import annotations

import time

import libvirt

from tests.worlds import contents
from tests.worlds.machine import DidNot, Down, Machine
from tests.worlds.member import Member
from tests.worlds.steps import ACTIVE, act

DONE = 20.0
"""Seconds in which a backup is; it takes milliseconds."""


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


@act("commit waits", "a merge that waits", others=True, needs=ACTIVE)
def commit_waits(machine: Machine, member: Member) -> None:
    """The newest overlay is merged, and the job waits to be ended, as of a tool that died."""
    target, path = sorted(member.path_of.items())[0]
    if len([*contents.chain(path)]) < 2:
        raise DidNot("nothing lies beneath")
    machine.virsh("blockcommit", member.name, target, "--active", "--shallow", "--wait")


@act("push backup", "a backup that was pushed", others=True, needs=ACTIVE)
def push_backup(machine: Machine, member: Member) -> None:
    """QEMU itself writes copies of the disks, and is done with it."""
    disks = "".join(
        f"<disk name='{disk.target}' type='file'><driver type='qcow2'/>"
        f"<target file='{member.directory}/{disk.target}.pushed'/></disk>"
        if disk.target in member.now
        else f"<disk name='{disk.target}' backup='no'/>"
        for disk in member.disks
    )
    xml = machine.xml(member, f"<domainbackup mode='push'><disks>{disks}</disks></domainbackup>")
    machine.virsh("backup-begin", member.name, str(xml))
    until = time.monotonic() + DONE
    while member.domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
        if time.monotonic() > until:
            raise Down("a backup does not end")
        time.sleep(0.01)
    machine.lines.append(f"while ! virsh domjobinfo {member.name} | grep None; do :; done")
