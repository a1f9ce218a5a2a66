"""Domain and snapshot XML as libvirt writes them, and as nobody should."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.backend.virt import domain_xml, pool_xml, snapshot_xml, xml, xml_paths
from snaptui.common.errors import HostError
from snaptui.model.disk import Disk, Presence
from snaptui.model.files import User
from snaptui.model.machine import Machine
from snaptui.model.snapshot import Kind, SnapshotDisk
from snaptui.model.snapshot_request import NewSnapshot, to_xml

DOMAIN = """
<domain type='kvm'>
  <name>web</name>
  <uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid>
  <memory unit='KiB'>2097152</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
    <nvram>/var/lib/libvirt/qemu/nvram/web_VARS.fd</nvram>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='/img/a &amp; b.qcow2' index='1'/>
      <backingStore type='file'><format type='raw'/><source file='/img/base'/></backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='block' device='lun' snapshot='no'>
      <driver name='qemu' type='raw'/>
      <source dev='/dev/vg/data'/>
      <target dev='sdb' bus='scsi'/>
      <shareable/>
    </disk>
    <disk type='network' device='disk' snapshot='external'>
      <driver name='qemu' type='raw'/>
      <source protocol='rbd' name='pool/image'><host name='ceph'/></source>
      <target dev='vdc'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <hostdev mode='subsystem' type='pci' managed='yes'/>
    <hostdev mode='subsystem' type='usb'/>
  </devices>
</domain>"""
DISKS = (
    Disk("vda", "disk", "file", "/img/a & b.qcow2", "qcow2"),
    Disk("sdb", "lun", "block", "/dev/vg/data", "raw", shareable=True, snapshot=Presence.NO),
    Disk(
        "vdc",
        "disk",
        "network",
        None,
        "raw",
        snapshot=Presence.EXTERNAL,
        unknown="it is a network disk (rbd), of which libvirt passes no bytes on",
    ),
    Disk("sda", "cdrom", "file", None, "", read_only=True),
)


def snapshot_text(memory: str, disks: str, more: str = "") -> str:
    return f"""
<domainsnapshot>
  <name>before &lt;upgrade&gt;</name>
  <description>line one
line two</description>
  <state>running</state>
  <parent>
    <name>clean install</name>
  </parent>
  <creationTime>1795143300</creationTime>
  {memory}
  <disks>{disks}</disks>
  {more}
  <cookie><cpu mode='custom'><name>not the name</name></cpu></cookie>
</domainsnapshot>"""


INTERNAL = "<disk name='vda' snapshot='internal'/><disk name='sda' snapshot='no'/>"
EXTERNAL = """<disk name='vda' snapshot='external' type='file'>
  <driver type='qcow2'/><source file='/img/a.overlay'/></disk>"""


def test_a_record_without_its_domain_has_none() -> None:
    """As libvirt 9.0 gives one whose record has no domain: with a UUID and nothing else."""
    alone = "<domain><uuid>c7a5fdbd-cdaf-9455-926a-d65c16db1809</uuid></domain>"
    assert snapshot_xml.parse_snapshot(snapshot_text("", INTERNAL, alone)).config is None


def test_an_internal_snapshot_with_memory() -> None:
    text = snapshot_text("<memory snapshot='internal'/>", INTERNAL, DOMAIN)
    found = snapshot_xml.parse_snapshot(text)
    assert (found.name, found.parent) == ("before <upgrade>", "clean install")
    assert (found.created, found.state) == (1_795_143_300, "running")
    assert found.description == "line one\nline two"
    assert (found.kind, found.has_memory, found.memory_path) == (Kind.INTERNAL, True, None)
    assert found.disks == (
        SnapshotDisk("vda", Presence.INTERNAL),
        SnapshotDisk("sda", Presence.NO),
    )
    assert found.config is not None
    assert (found.config.disks, found.config.memory) == (DISKS, 2 << 30)
    assert [disk.beneath for disk in found.config.disks] == [("/img/base",), None, None, None]
    assert not found.delete_in_progress
    assert found.digest == xml.digest(text) != xml.digest(text + " ")


def test_an_external_snapshot_has_the_files_of_its_overlays_and_memory() -> None:
    found = snapshot_xml.parse_snapshot(
        snapshot_text("<memory snapshot='external' file='/img/web.mem'/>", EXTERNAL)
    )
    assert (found.kind, found.memory_path) == (Kind.EXTERNAL, "/img/web.mem")
    assert found.disks == (SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.overlay"),)
    assert found.config is None


def test_mixed_and_manual_snapshots_are_told_from_internal_ones() -> None:
    mixed = snapshot_xml.parse_snapshot(snapshot_text("<memory snapshot='internal'/>", EXTERNAL))
    assert mixed.kind is Kind.MIXED
    manual = snapshot_xml.parse_snapshot(snapshot_text("", "<disk name='vda' snapshot='manual'/>"))
    assert (manual.kind, manual.has_memory) == (Kind.EXTERNAL, False)
    newer = snapshot_xml.parse_snapshot(snapshot_text("", "<disk name='vda' snapshot='quantum'/>"))
    assert newer.kind is Kind.EXTERNAL


def test_an_unfinished_delete_is_seen() -> None:
    disk = "<disk name='vda' snapshot='external'><snapshotDeleteInProgress/></disk>"
    assert snapshot_xml.parse_snapshot(snapshot_text("", INTERNAL + disk)).delete_in_progress


def test_what_the_xml_does_not_say_is_not_made_up() -> None:
    found = snapshot_xml.parse_snapshot("<domainsnapshot><name>s</name></domainsnapshot>")
    assert (found.parent, found.created, found.config) == (None, None, None)
    assert (found.state, found.description, found.disks) == ("", "", ())
    assert (found.memory, found.kind) == (Presence.NO, Kind.NONE)


@pytest.mark.parametrize(
    ("time", "created"), [("0", 0), ("-5", -5), ("soon", None), ("", None), ("1.5", None)]
)
def test_a_time_that_is_none_is_not_known(time: str, created: int | None) -> None:
    text = f"<domainsnapshot><name>s</name><creationTime>{time}</creationTime></domainsnapshot>"
    assert snapshot_xml.parse_snapshot(text).created == created


def test_a_domain() -> None:
    found = domain_xml.parse_domain(DOMAIN)
    assert found.disks == DISKS
    assert (found.memory, found.pflash, found.passthrough) == (2 << 30, True, ("pci", "usb"))
    assert found.digest == xml.digest(DOMAIN)


@pytest.mark.parametrize(
    ("memory", "count"),
    [
        ("<memory>1024</memory>", 1 << 20),
        ("<memory unit='KiB'> 1024 </memory>", 1 << 20),
        ("<memory unit='MB'>3</memory>", 3_000_000),
        ("<memory unit='GiB'>2</memory>", 2 << 30),
        ("<memory unit='bytes'>7</memory>", 7),
        ("<memory unit='KiB'>much</memory>", 0),
        ("", 0),
    ],
)
def test_memory_in_every_unit(memory: str, count: int) -> None:
    found = domain_xml.parse_domain(f"<domain>{memory}</domain>")
    assert (found.memory, found.disks, found.pflash, found.passthrough) == (count, (), False, ())


def test_nvram_alone_means_pflash_and_a_rom_does_not() -> None:
    assert domain_xml.parse_domain("<domain><os><nvram/></os></domain>").pflash
    assert not domain_xml.parse_domain(
        "<domain><os><loader type='rom'>/x</loader></os></domain>"
    ).pflash


MIB = 1 << 20
BOMB = '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><d><name>&b;</name></d>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read"),
        ("<domainsnapshot><name>s</name>", "cannot be read"),
        ("<a>\x00</a>", "cannot be read"),
        ("<a>&undefined;</a>", "cannot be read"),
        ("<a>\ud800</a>", "cannot be read"),
        (BOMB, "document type"),
        ("<a>" * 300 + "</a>" * 300, "more than 256 deep"),
        ("<a>" * 140_000 + "</a>" * 140_000, "more than 256 deep"),
        ("<d><name>" + "x" * xml.LARGEST + "</name></d>", "larger than 1 MiB"),
    ],
    ids=["empty", "cut off", "nul", "entity", "surrogate", "doctype", "deep", "very deep", "large"],
)
def test_what_is_no_xml_of_libvirt_is_an_error_in_words(text: str, why: str) -> None:
    for parse in (domain_xml.parse_domain, snapshot_xml.parse_snapshot):
        with pytest.raises(HostError, match=why):
            parse(text)


RECORDED = "".join(f"  {line}\n" for line in DOMAIN.strip().splitlines())


@pytest.mark.parametrize(
    "body",
    [
        RECORDED,
        RECORDED + RECORDED.replace("domain", "inactiveDomain").replace("web", "other"),
        RECORDED.replace(
            "<hostdev", "\n  <domain x=''>\n<name>in</name>\n  </domain>\n<hostdev", 1
        ),
        RECORDED + "  <inactiveDomain><m>\n  <domain x=''>\n  </domain>\n</m></inactiveDomain>\n",
        "  <domain type='x'>\n    <uuid>u</uuid>\n  </domain>\n",
        "  <domain>\n    <name>w</name>\n  </domain>\n",
        "<!-- \n  <domain x=''>\n -->" + RECORDED,
        "  <description><![CDATA[\n  <domain x=''>]]></description>\n" + RECORDED,
    ],
    ids=["one", "two", "nested", "in the other", "no name", "no type", "comment", "CDATA"],
)
def test_a_domain_that_is_read_by_itself_is_the_one_that_is_read_with_all(body: str) -> None:
    text = f"<domainsnapshot>\n  <name>s</name>\n{body}</domainsnapshot>\n"
    together = text.replace("\n  </domain>\n", "\n  </domain> \n")  # the end is not recognised
    found, known = map(snapshot_xml.parse_snapshot, (text, together))
    assert found == replace(known, digest=found.digest)
    named, volumes = xml_paths.named(text, User("web"))
    assert (named, volumes) == xml_paths.named(together, User("web"))


@pytest.mark.parametrize(
    "outside",
    [
        "<memory file='/m'/>",
        '<memory file = "/m"/>',
        "<memory file=\n'/m'/>",
        "<memory file='&#47;m'/>",
        "<memory file='&#x2f;m'/>",
        "<memory file='/>'/>",
        "<x>/m</x>",
        "<x>\n  /m</x>",
        "<x>\u00a0/m</x>",
        "<x>/></x>",
        "<x>&#x2F;m</x>",
        "<x><![CDATA[/m]]></x>",
        "<x><!-- of the memory -->/m</x>",
        "<x><?of the-memory?>/m</x>",
        "<disk name='vda'><source file='/m'/></disk>",
        "<disk name='vda'><source dev = '/m'/></disk>",
    ],
)
def test_what_a_snapshot_names_outside_of_its_domain_is_found_however_it_is_written(
    outside: str,
) -> None:
    text = f"<domainsnapshot>\n  <name>s</name>\n{RECORDED}{outside}</domainsnapshot>\n"
    without = text.replace(outside, "")
    found, before = (xml_paths.named(one, User("web"))[0] for one in (text, without))
    (named,) = set(found) - set(before)
    assert named.path in ("/m", "/>")
    volume = "<disk name='vda'><source pool='pool' volume='late'/></disk>"
    assert ("pool", "late") in xml_paths.named(text.replace(outside, volume), User("web"))[1]


def test_snapshots_of_one_definition_share_it() -> None:
    one, other = (
        snapshot_xml.parse_snapshot(
            f"<domainsnapshot>\n  <name>{name}</name>\n{RECORDED}</domainsnapshot>\n"
        )
        for name in ("one", "other")
    )
    assert one.config is not None
    assert one.config is other.config


def test_varstore_tpm_machine_and_firmware_are_read() -> None:
    found = domain_xml.parse_domain(
        "<domain type='kvm'><name>w</name><os><type arch='x86_64' machine='q35'>hvm</type>"
        "<loader>/fw/code.fd</loader><shim>/fw/shim.efi</shim>"
        "<varstore template='/fw/vars.json' path='/v/w.json'/></os>"
        "<devices><emulator>/usr/bin/qemu</emulator><tpm model='tpm-crb'>"
        "<backend type='emulator' version='2.0'/></tpm>"
        "<disk><source file='/a.qcow2'/><driver type='qcow2'/></disk>"
        "<disk><source file='/ro.qcow2'/><driver type='qcow2'/><readonly/></disk>"
        "<disk device='cdrom'><source file='/cd.iso'/><driver type='raw'/><readonly/></disk>"
        "<disk device='cdrom'><source file='/cd2.iso' startupPolicy='optional'/><readonly/></disk>"
        "<disk device='cdrom'><readonly/></disk></devices></domain>"
    )
    assert found.varstore == "/v/w.json"
    assert found.pflash, "varstore holds UEFI's variables as nvram does (since libvirt 12.1)"
    assert found.tpm == "emulator"
    assert found.machine == Machine("kvm", "x86_64", "q35", "/usr/bin/qemu")
    assert found.boot_files == ("/fw/code.fd", "/fw/shim.efi", "/fw/vars.json")
    assert found.drives == ("/ro.qcow2", "/cd.iso")
    bare = domain_xml.parse_domain("<domain><name>w</name></domain>")
    assert (bare.pflash, bare.tpm, bare.machine, bare.boot_files) == (False, "", None, ())
    assert bare.varstore is None
    unnamed = domain_xml.parse_domain("<domain><name>w</name><os><varstore/></os></domain>")
    assert unnamed.varstore == ""


def test_a_hundred_megabytes_take_neither_time_nor_memory() -> None:
    large = f"<domain><name>{'x' * (100 << 20)}</name></domain>"
    tracemalloc.start()
    try:
        for parse in (
            domain_xml.parse_domain,
            snapshot_xml.parse_snapshot,
            pool_xml.pool_kind,
            domain_xml.agent_connected,
        ):
            with pytest.raises(HostError, match="larger than 1 MiB"):
                parse(large)
        for asked in (
            lambda: xml_paths.named(large, User("it")),
            lambda: snapshot_xml.adopted("s", 1, large),
        ):
            with pytest.raises(HostError, match="larger than 1 MiB"):
                asked()
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["", "<name/>", "<name></name>", "<other><name>s</name></other>"])
def test_a_snapshot_must_have_a_name(name: str) -> None:
    with pytest.raises(HostError, match="no name"):
        snapshot_xml.parse_snapshot(f"<domainsnapshot>{name}</domainsnapshot>")


@pytest.mark.parametrize(
    "name",
    ["a & b <c>", "</name><memory snapshot='external'/>", "&lt;", "]]>", "\"'", "<!--", "日"],
)
def test_names_with_markup_come_back_as_they_were(name: str) -> None:
    found = snapshot_xml.parse_snapshot(to_xml(NewSnapshot(name, name * 2)))
    assert (found.name, found.description) == (name, name * 2)
    assert (found.memory, found.disks) == (Presence.NO, ())


def test_a_new_snapshot_without_a_description_has_none() -> None:
    root = ElementTree.fromstring(to_xml(NewSnapshot("s")))
    assert [child.tag for child in root] == ["name"]


# The characters that XML 1.0 can hold; of line ends only \n comes back unchanged.
ALLOWED = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: re.fullmatch("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+", text)
)


@given(ALLOWED, ALLOWED)
def test_any_name_comes_back_as_it_was(name: str, description: str) -> None:
    found = snapshot_xml.parse_snapshot(to_xml(NewSnapshot(name, description)))
    assert (found.name, found.description) == (name, description)


@pytest.mark.parametrize(
    ("nvram", "form", "inside"),
    [
        ("<nvram>/v.fd</nvram>", "raw", False),
        ("<nvram template='/t.qcow2' format='qcow2'>/v.fd</nvram>", "qcow2", True),
        ("<nvram type='file' format='qcow2'><source file='/v.fd'/></nvram>", "qcow2", True),
    ],
)
def test_where_uefi_variables_are(nvram: str, form: str, inside: bool) -> None:
    loader = "<loader type='pflash'>/c.fd</loader>"
    found = domain_xml.parse_domain(f"<domain><os>{loader}{nvram}</os></domain>")
    assert found.variables is not None
    assert (found.variables.path, found.variables.format) == ("/v.fd", form)
    assert (found.variables in found.written) is inside
