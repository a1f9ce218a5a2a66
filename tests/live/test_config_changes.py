"""What a revert does to the configuration is told before, and is what libvirt then does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.model.config_change import Change, ConfigChange
from snaptui.model.domain import DomainKey
from tests.lab import Lab, qemu_img
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm


@contextmanager
def reading(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    try:
        yield backend
    finally:
        backend.abandon()


def told(lab: Lab, key: DomainKey, snapshot: str) -> tuple[str, ...]:
    with reading(lab) as backend:
        return tuple(one.reverted for one in backend.config_changes(key, snapshot))


def edited(lab: Lab, name: str, old: str, new: str) -> None:
    """Change the definition as ``virsh edit`` does."""
    xml = lab.virsh("dumpxml", "--inactive", "--security-info", name)
    assert re.search(old, xml)
    lab.define_xml(re.sub(old, new, xml, count=1))


@pytest.mark.parametrize(("taken", "now"), [("shut off", "running"), ("running", "running")])
def test_without_a_change_there_is_none(lab: Lab, taken: str, now: str) -> None:
    """What libvirt fills in by itself when a domain starts is none."""
    key = lab.define("web", disks=("vda", "vdb"), running=taken == "running")
    lab.snapshot("web", "one")
    if taken != now:
        lab.virsh("start" if now == "running" else "destroy", "web")
    assert told(lab, key, "one") == ()


DEVICES = """\
<serial type='pty'/><console type='pty'/><parallel type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<channel type='pty'><target type='virtio' name='own'/></channel>
<graphics type='vnc'><listen type='socket'/></graphics><video><model type='vga'/></video>
<interface type='user'><model type='virtio'/></interface><input type='tablet' bus='usb'/>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<watchdog model='i6300esb' action='none'/>
</devices>
"""


@pytest.mark.parametrize("inactive", [True, False], ids=["both recorded", "only as it ran"])
@pytest.mark.parametrize("again", [False, True], ids=["goes on", "started again"])
def test_what_devices_are_given_at_their_start_is_no_change(
    lab: Lab, again: bool, inactive: bool
) -> None:
    key = lab.define("web")
    edited(lab, "web", "</devices>", DEVICES)
    lab.start("web")
    lab.snapshot("web", "one")
    if not inactive:
        xml = lab.virsh("snapshot-dumpxml", "web", "one", "--security-info")
        path = lab.directory / "one.xml"
        path.write_text(re.sub("<inactiveDomain.*</inactiveDomain>", "", xml, flags=re.DOTALL))
        lab.virsh("snapshot-delete", "web", "one", "--metadata")
        lab.virsh("snapshot-create", "web", str(path), "--redefine")
    if again:
        lab.destroy("web")
        lab.start("web")
    assert told(lab, key, "one") == ()


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_each_change_is_named_and_is_gone_after_the_revert(
    lab: Lab, tmp_path: Path, running: bool
) -> None:
    key = lab.define("web", running=running)
    lab.snapshot("web", "one")
    before = lab.xml("web", inactive=True)
    extra = tmp_path / "extra.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(extra), "1M")
    edited(lab, "web", "<memory unit='KiB'>32768<", "<memory unit='KiB'>65536<")
    edited(lab, "web", r"<vcpu([^>]*)>1<", r"<vcpu\1>2<")
    edited(lab, "web", "<driver name='qemu' type='qcow2'/>",
           "<driver name='qemu' type='qcow2' cache='none'/>")  # fmt: skip
    edited(lab, "web", "<on_crash>destroy<", "<on_crash>restart<")
    edited(lab, "web", "</devices>", (
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{extra}'/>"
        "<target dev='vdb' bus='virtio'/></disk>"
        "<interface type='user'><mac address='52:54:00:01:02:03'/></interface></devices>"
    ))  # fmt: skip
    said = told(lab, key, "one")
    assert said == (
        "memory: 64.0 MiB becomes 32.0 MiB again",
        "vcpu: 2 becomes 1 again",
        "on_crash: restart becomes destroy again",
        "disk vda driver cache: none becomes not set again",
        "disk vdb goes: it was not there then",
        "interface 52:54:00:01:02:03 goes: it was not there then",
    )
    with Terminal(["-c", lab.uri, "web"], size=(120, 50)) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("r")
        terminal.wait("6 configuration changes", "Ready, ", f"Configuration: {said[1]}")
        confirm(terminal)
        terminal.wait("Revert web to one: done")
    assert lab.xml("web", inactive=True) == before
    assert told(lab, key, "one") == ()


def test_what_was_only_plugged_into_the_running_guest_is_named(lab: Lab, tmp_path: Path) -> None:
    key = lab.define("web", running=True)
    lab.snapshot("web", "one")
    extra = tmp_path / "extra.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(extra), "1M")
    lab.virsh("attach-disk", "web", str(extra), "sda", "--live", "--targetbus", "usb")
    assert told(lab, key, "one") == ("disk sda goes: it was not there then",)


def test_passwords_are_never_told(lab: Lab) -> None:
    key = lab.define("web")
    edited(lab, "web", "</devices>", "<graphics type='vnc' passwd='secret1'/></devices>")
    lab.snapshot("web", "one")
    edited(lab, "web", "secret1", "secret2")
    edited(lab, "web", r"<vcpu([^>]*)>1<", r"<vcpu\1>2<")
    assert told(lab, key, "one") == ("vcpu: 2 becomes 1 again",)


@pytest.mark.parametrize("kind", ["qcow2", "raw"])
def test_overlays_of_libvirt_are_no_configuration_change(newer_lab: Lab, kind: str) -> None:
    """It writes what lies beneath into the definition, and that the disk is qcow2 now."""
    key = newer_lab.define("web", format=kind, running=True)
    for name in ("one", "two"):
        newer_lab.snapshot("web", name, "--disk-only")
    assert told(newer_lab, key, "one") == ()
    newer_lab.virsh("snapshot-revert", "web", "one")
    assert told(newer_lab, key, "one") == ()


@pytest.mark.parametrize("running", sample(1, [False, True]))
def test_two_snapshots_are_told_from_the_earlier_to_the_later(lab: Lab, running: bool) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one")
    edited(lab, "web", r"<vcpu([^>]*)>1<", r"<vcpu\1>2<")
    if running:
        lab.start("web")
    lab.snapshot("web", "two")
    edited(lab, "web", r"<vcpu([^>]*)>2<", r"<vcpu\1>3<")
    with reading(lab) as backend:
        grown = ConfigChange(Change.VALUE, "vcpu", "1", "2")
        assert backend.config_changes(key, "one", "two") == (grown,)
        assert backend.config_changes(key, "two", "one") == (replace(grown, then="2", now="1"),)
        assert backend.config_changes(key, "two", "two") == ()
