"""Snapshots of guests that were attached to what their host does not have any more.

Oracle: libvirt itself, which is asked for the revert after that, and stops the guest first.
"""

from __future__ import annotations

from pathlib import Path

from snaptui.model.choices import RunState, SafetyKind
from snaptui.plan.plan import RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import Lab
from tests.live.planned import planned
from tests.live.test_machines import aged

_NIC = "<interface type='{}'>{}<model type='virtio'/></interface>"
_HOST = "<hostdev mode='subsystem' type='{}'><source>{}</source></hostdev>"
_PCI = "<address domain='0x0000' bus='0x7f' slot='0x1f' function='0x0'/>"
_MOUNT = "<filesystem type='mount'><source dir='{}'/><target dir='there'/></filesystem>"
_RANDOM = "<rng model='virtio'><backend model='random'>{}</backend></rng>"
_VOLUME = (
    "<disk type='volume' device='cdrom'><driver name='qemu' type='raw'/>"
    "<source pool='gone' volume='a.iso'/><target dev='hda' bus='ide'/><readonly/></disk>"
)
_KEY = "6d0d8dd4-a7a5-4d63-9a6b-3f5a9a1d2f6c"
_LOCKED = (
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/etc/hostname'>"
    "<encryption format='luks'><secret type='passphrase' {}/></encryption></source>"
    "<target dev='vdz' bus='virtio'/><readonly/></disk>"
)
_GONE = {
    "secret": _LOCKED.format(f"uuid='{_KEY}'"),
    "usage": _LOCKED.format("usage='/etc/hostname'"),
    "network": _NIC.format("network", "<source network='gone'/>"),
    "idle": _NIC.format("network", "<source network='idle'/>"),
    "bridge": _NIC.format("bridge", "<source bridge='gone0'/>"),
    "shared": _NIC.format("direct", "<source dev='gone0' mode='bridge'/>"),
    "filter": _NIC.format("ethernet", "<target dev='tap'/><filterref filter='gone'/>"),
    "pci": _HOST.format("pci", _PCI),
    "usb": _HOST.format("usb", "<vendor id='0x1234'/><product id='0xbeef'/>"),
    "volume": _VOLUME,
    "serial": "<serial type='dev'><source path='/dev/gone'/></serial>",
    "log": "<serial type='file'><source path='/gone/log'/></serial>",
    "folder": _MOUNT.format("/gone"),
    "random": _RANDOM.format("/dev/gone"),
    "evdev": "<input type='evdev'><source dev='/dev/input/gone'/></input>",
}
_THERE = {"root": _MOUNT.format("/usr"), "urandom": _RANDOM.format("/dev/urandom")}
_KEYS = {"secret", "usage"}
_SURE = {"volume", "serial", "log", "folder", "random", "evdev"}
"""Known wherever there are pools; a stack may have no driver for the others."""


def attached(name: str, record: str) -> str:
    return record.replace("</devices>", f"{(_GONE | _THERE)[name]}</devices>")


def told(lab: Lab, name: str) -> str:
    """How the plan to start the guest of then tells that something is gone."""
    key = lab.key(name)
    plan = planned(lab, RevertIntent(key, "off", RunState.RUNNING, safety=SafetyKind.NONE))
    later = planned(lab, RevertIntent(key, "off", safety=SafetyKind.NONE))
    assert later.possible, "no QEMU is started"
    refused = [one for one in plan.refusals if one.why is Why.HOST_PART_GONE]
    assert plan.possible is not bool(refused), plan.refusals
    assert {one.harm for one in refused} <= {Harm.STOPPED}
    warned = Warn.NOT_STARTED_LATER in {one.what for one in later.warnings}
    assert warned is bool(refused)
    unsure = Unchecked.HOST_PART in {one.what for one in plan.unchecked}
    return "refused" if refused else "not checked" if unsure else ""


def test_what_the_host_does_not_have_is_told_before_the_guest_is_stopped(every_root: Path) -> None:
    with aged(attached, *_GONE, *_THERE, root=every_root) as lab:
        network = lab.directory / "network.xml"
        network.write_text("<network><name>idle</name></network>")
        keys = "error" not in lab.virsh("secret-list", check=False)
        drivers = "error" not in lab.virsh("net-define", str(network), check=False)
        for name in (*_GONE, *_THERE):
            said = told(lab, name)
            assert lab.state(name) == "running"
            answer = lab.virsh("snapshot-revert", name, "off", "--running", check=False)
            assert lab.state(name) == ("running" if name in _THERE else "shut off"), answer
            assert bool(said) is (name in _GONE), (name, said, answer)
            sure = set(_GONE) - {"usb"} if drivers else _SURE | (_KEYS if keys else set())
            assert said == "refused" or name not in sure, (name, said)
            lab.virsh("destroy", name, check=False)
        if keys:
            secret = lab.directory / "secret.xml"
            usage = "<usage type='volume'><volume>/etc/hostname</volume></usage>"
            private = f"<secret private='yes'><uuid>{_KEY}</uuid>{usage}</secret>"
            secret.write_text(private)
            lab.virsh("secret-define", str(secret))
            assert [told(lab, name) for name in sorted(_KEYS)] == ["", ""]
