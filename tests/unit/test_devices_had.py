"""Devices of a record beside what libvirt lists in a domain's capabilities."""

from __future__ import annotations

import pytest

from snaptui.backend.virt import devices, xml
from snaptui.model.machine import Lack, Part

CAPS = """\
<domainCapabilities>
  <vcpu max='255'/>
  <iothreads supported='yes'/>
  <os supported='yes'><enum name='firmware'>{firmware}</enum></os>
  <memoryBacking supported='yes'><enum name='sourceType'><value>memfd</value></enum></memoryBacking>
  <devices>
    <video supported='yes'><enum name='modelType'><value>vga</value></enum></video>
    <filesystem supported='yes'>
      <enum name='driverType'><value>path</value><value>virtiofs</value></enum>
    </filesystem>
    <interface supported='yes'>
      <enum name='backendType'><value>default</value><value>passt</value></enum>
    </interface>
    <tpm supported='no'/>
  </devices>
  <features>
    <genid supported='no'/>
    <vmcoreinfo supported='yes'/>
    <launchSecurity supported='no'/>
  </features>
</domainCapabilities>"""
NO_SUCH = "<os firmware='efi'/>"
EFI = "<value>efi</value>"


def lacking(domain: str, now: str = "", firmware: str = "") -> list[Lack]:
    found = (xml.parse(f"<domain>{text}</domain>") for text in (domain, now))
    then, present = found
    there = xml.parse(CAPS.format(firmware=firmware))
    return list(devices.lacking(then, there, present))


def device(text: str) -> str:
    return f"<devices>{text}</devices>"


@pytest.mark.parametrize(
    ("then", "name"),
    [
        (device("<video><model type='qxl'/></video>"), "video qxl"),
        (device("<filesystem><driver type='handle'/></filesystem>"), "filesystem handle"),
        (device("<interface><backend type='vhost'/></interface>"), "interface vhost"),
        (device("<tpm model='tpm-crb'/>"), "tpm tpm-crb"),
        ("<memoryBacking><source type='file'/></memoryBacking>", "memoryBacking file"),
        ("<launchSecurity type='sev'/>", "launchSecurity sev"),
    ],
)
def test_what_libvirt_lists_without_it_is_lacking(then: str, name: str) -> None:
    assert lacking(then) == [Lack(Part.DEVICE, name)]
    assert lacking(then, now=then) == [Lack(Part.DEVICE, name)], "a guest runs with an older QEMU"


@pytest.mark.parametrize(
    ("then", "lack"),
    [
        ("<genid/>", Lack(Part.FEATURE, "genid")),
        ("<features><vmcoreinfo/></features>", None),
        ("<iothreads>2</iothreads>", None),
        ("<vcpu current='2'>255</vcpu>", None),
        ("<vcpu>256</vcpu>", Lack(Part.FEATURE, "256 virtual CPUs", "255 are the most")),
        (NO_SUCH, Lack(Part.HOST, "firmware of the type efi", "libvirt finds none")),
        ("<os firmware='efi'><loader>/code</loader></os>", None),
    ],
)
def test_features_that_are_not_supported(then: str, lack: Lack | None) -> None:
    assert lacking(then) == ([lack] if lack is not None else [])


def test_firmware_that_libvirt_finds() -> None:
    assert lacking(NO_SUCH, firmware=EFI) == []


@pytest.mark.parametrize(
    ("then", "name"),
    [
        ("<interface><model type='e1000'/></interface>", "interface e1000"),
        ("<controller type='scsi' model='lsilogic'/>", "controller lsilogic"),
        ("<controller type='usb' model='ehci'/>", "controller ehci"),
        ("<sound model='ich6'/>", "sound ich6"),
        ("<watchdog model='ib700'/>", "watchdog ib700"),
        ("<panic model='isa'/>", "panic isa"),
    ],
)
def test_of_what_it_does_not_list_only_what_the_guest_has_now_is_known(
    then: str, name: str
) -> None:
    """Older versions list less: of these capabilities panic devices are not."""
    (lack,) = lacking(device(then))
    assert (lack.part, lack.name, lack.sure) == (Part.DEVICE, name, False)
    assert lack.reason
    assert lacking(device(then), now=device(then)) == []


def test_no_device_is_none_that_could_be_lacking() -> None:
    assert lacking(device("<memballoon model='none'/><controller type='ide' index='0'/>")) == []


@pytest.mark.parametrize(
    ("then", "program"),
    [
        ("<filesystem><driver type='virtiofs'/></filesystem>", "virtiofsd"),
        ("<interface><backend type='passt'/></interface>", "passt"),
    ],
)
def test_programs_that_libvirt_lists_whether_or_not_they_are_there(then: str, program: str) -> None:
    (lack,) = lacking(device(then))
    assert (lack.part, lack.name, lack.sure) == (Part.HOST, f"the program {program}", False)
    assert lacking(device(then), now=device(then)) == []
