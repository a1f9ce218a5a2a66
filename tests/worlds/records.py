"""What other people do to the records that libvirt has of snapshots."""

from __future__ import annotations

import re

from tests.worlds.machine import Machine
from tests.worlds.member import Member
from tests.worlds.others import MONTH
from tests.worlds.steps import act


@act("forget", "metadata lost", others=True)
def forget(machine: Machine, member: Member, name: str) -> None:
    machine.virsh("snapshot-delete", "--metadata", member.name, name)
    if (held := member.held.pop(name, None)) is not None:
        member.unmanaged[name] = held


@act("redefine", "redefined", others=True)
def redefine(machine: Machine, member: Member, name: str, what: str) -> None:
    """A record is given another time or description."""
    xml = machine.virsh("snapshot-dumpxml", "--security-info", member.name, name, quiet=True)
    if what == "description":
        told = r"\1<description>by hand</description>"
        changed = re.sub(r"(<name>[^<]*</name>)", told, xml, count=1)
    else:
        changed = re.sub(
            r"<creationTime>(\d+)<",
            lambda found: f"<creationTime>{int(found[1]) - MONTH}<",
            xml,
        )
    path = machine.xml(member, changed)
    machine.virsh("snapshot-create", "--redefine", member.name, str(path))


@act("from-elsewhere", "metadata from elsewhere", others=True)
def from_elsewhere(machine: Machine, member: Member, name: str) -> None:
    """A record is that of another host, where the images were in another directory."""
    xml = machine.virsh("snapshot-dumpxml", "--security-info", member.name, name, quiet=True)
    there = xml.replace(f"'{member.directory}/", f"'{member.directory}/elsewhere/")
    path = machine.xml(member, there)
    machine.virsh("snapshot-create", "--redefine", member.name, str(path))


@act("recreate", "records made by redefine", others=True)
def recreate(machine: Machine, member: Member, name: str) -> None:
    """A record is saved, deleted, and given back, as before and after a domain is defined anew."""
    xml = machine.virsh("snapshot-dumpxml", "--security-info", member.name, name, quiet=True)
    current = ["--current"] if member.current == name else []
    path = machine.xml(member, xml)
    machine.virsh("snapshot-delete", "--metadata", member.name, name)
    machine.virsh("snapshot-create", "--redefine", *current, member.name, str(path))
