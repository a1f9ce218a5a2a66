"""What other people do to the storage pool of a domain, or behind its back."""

from __future__ import annotations

from tests.lab import MIB
from tests.worlds.machine import DidNot, Machine
from tests.worlds.member import Member
from tests.worlds.others import define
from tests.worlds.steps import INACTIVE, act


def _active(member: Member) -> str:
    """The name of its pool."""
    if member.pool is None or not member.pool.isActive():
        raise DidNot("no pool")
    return str(member.pool.name())


@act("stop pool", "a pool that is inactive", others=True)
def stop_pool(machine: Machine, member: Member) -> None:
    machine.virsh("pool-destroy", _active(member))


@act("undefine pool", "a pool that is missing", others=True)
def undefine_pool(machine: Machine, member: Member) -> None:
    """The files stay, and what names them as volumes."""
    if member.pool is None:
        raise DidNot("no pool")
    name = member.pool.name()
    if member.pool.isActive():
        machine.virsh("pool-destroy", name)
    machine.virsh("pool-undefine", name)
    member.lose_pool()


@act("pooled", "a pool that does not know a file", others=True)
def pooled(machine: Machine, member: Member, name: str) -> None:
    """An image is made in its directory, and nobody lets the pool look again."""
    _active(member)
    path = member.directory / f"{name}.new"
    machine.qemu_img("create", "-q", "-f", "qcow2", str(path), str(4 * MIB))
    machine.loose.append(path)


@act("unknown-volume", "a volume that its pool does not know", others=True, needs=INACTIVE)
def unknown_volume(machine: Machine, member: Member, name: str) -> None:
    """The definition names such an image; libvirt looks for it when the guest starts."""
    pool, path = _active(member), member.directory / f"{name}.vol"
    machine.qemu_img("create", "-q", "-f", "qcow2", str(path), str(4 * MIB))
    disk = (
        "<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/>"
        f"<source pool='{pool}' volume='{path.name}'/><target dev='vdf' bus='virtio'/></disk>"
    )
    xml = machine.virsh("dumpxml", "--inactive", "--security-info", member.name, quiet=True)
    define(machine, member, xml.replace("</devices>", f"{disk}</devices>"))


@act("volume-gone", "a pool that knows a file that is gone", others=True)
def volume_gone(machine: Machine, member: Member, name: str) -> None:
    """A volume of nobody is removed as a file."""
    path = member.directory / f"{name}.gone"
    words = (f"{4 * MIB}B", "--format", "qcow2")
    machine.virsh("vol-create-as", _active(member), path.name, *words)
    machine.run("rm", str(path))
