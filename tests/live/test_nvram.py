"""The UEFI variables at a revert."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.plan.outcome import UndoBy
from snaptui.plan.plan import CreateIntent, DeleteIntent, RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries, holds, qemu_img, write
from tests.live.planned import planned
from tests.sample import sample
from tests.terminal import Terminal, confirm
from tests.unit.made import assert_refused

FLASH = 1 << 20


def with_variables(lab: Lab, place: Path) -> Path:
    """A domain with UEFI variables; their file, which is raw."""
    code, template, nvram = (place / name for name in ("code.fd", "template.fd", "vars.fd"))
    for path, byte in ((code, b"\0"), (template, b"T"), (nvram, b"V")):
        path.write_bytes(byte * FLASH)
    lab.define("web")
    xml = lab.xml("web", inactive=True)
    lab.define_xml(
        xml.replace(
            "</os>",
            f"<loader readonly='yes' type='pflash'>{code}</loader>"
            f"<nvram template='{template}'>{nvram}</nvram></os>"
            "<features><acpi/></features>",
        )
    )
    return nvram


@pytest.mark.parametrize("reset", sample(1, [False, True]))
def test_they_start_from_their_template_if_that_was_chosen(
    lab: Lab, tmp_path: Path, reset: bool
) -> None:
    """libvirt 9.0 takes no snapshot of such a domain; one inside its image can be adopted."""
    nvram = with_variables(lab, tmp_path)
    qemu_img("snapshot", "-c", "by hand", str(lab.image("web")))
    write(lab.image("web"), 0x22)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("□ by hand", "(1.1M)", gone="reading")
        terminal.press("a")
        confirm(terminal)
        terminal.wait("Register by hand of web: done", gone="unmanaged")
        terminal.press("r")
        terminal.wait("UEFI variables: [as they are now]", "Undo: NO", "pflash")
        terminal.press("tab", " ", "tab", "tab", *[" "] * reset)
        if reset:
            terminal.wait("[from their template]", "UEFI variables reset")
        confirm(terminal, "web")
        terminal.wait("Revert web to by hand: done", "running")
    assert lab.state("web") == "running"
    assert holds(lab.image("web"), 0x11)
    assert nvram.read_bytes()[:1] == (b"T" if reset else b"V")


def adopted(lab: Lab, place: Path) -> Path:
    """Have an internal snapshot of a domain with such variables; its record."""
    qemu_img("snapshot", "-c", "s", str(lab.image("web")))
    record = place / "s.xml"
    xml = lab.virsh("dumpxml", "--inactive", "web")
    record.write_text(
        "<domainsnapshot><name>s</name><creationTime>1700000000</creationTime>"
        f"<state>shutoff</state>{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "web", "--redefine", str(record))
    return record


def test_beside_them_nothing_inside_is_deleted_while_the_guest_runs(
    lab: Lab, tmp_path: Path
) -> None:
    """libvirt 9.0 lets QEMU delete all parts or none, and forgets the snapshot all the same."""
    with_variables(lab, tmp_path)
    record = adopted(lab, tmp_path)
    key = DomainKey(lab.uri, lab.virsh("domuuid", "web").strip())
    assert planned(lab, DeleteIntent(key, "s")).possible
    lab.virsh("start", "web")
    (refusal,) = planned(lab, DeleteIntent(key, "s")).refusals
    assert (refusal.why, refusal.harm) == (Why.VARIABLES_WITHOUT_PART, Harm.LEFT_INSIDE)
    lab.virsh("snapshot-delete", "web", "s")
    assert (lab.snapshots("web"), entries(lab.image("web"))) == ([], [("1", "s")])
    lab.virsh("destroy", "web")
    lab.virsh("snapshot-create", "web", "--redefine", str(record))
    planned(lab, DeleteIntent(key, "s"), carry_out=True)
    assert (lab.snapshots("web"), entries(lab.image("web"))) == ([], [])


def variable(name: str) -> str:
    """A store with one variable."""
    guid = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
    inside = f'{{"name": "{name}", "guid": "{guid}", "attr": 7, "data": "01"}}'
    return f'{{"version": 2, "variables": [{inside}]}}'


def with_store(lab: Lab) -> tuple[DomainKey, Path]:
    """A domain whose UEFI variables are in a store; its file."""
    code, template, store = (lab.images / name for name in ("code", "template", "store"))
    code.write_bytes(b"\xf4" * (64 << 10))
    template.write_text(variable("Template"))
    store.write_text(variable("Then"))
    lab.define("web")
    inner = f"<loader type='rom'>{code}</loader><varstore template='{template}' path='{store}'/>"
    xml = lab.xml("web").replace("</os>", f"{inner}</os>")
    features = "" if "<acpi/>" in xml else "<features><acpi/></features>"
    return lab.define_xml(xml.replace("</os>", f"</os>{features}")), store


def test_those_in_a_store_come_back_with_the_ram(newest_lab: Lab) -> None:
    """QEMU has them in a device, and writes its file anew when it has loaded the RAM."""
    lab = newest_lab
    key, store = with_store(lab)
    lab.start("web")
    plan = planned(lab, CreateIntent(key, "ram", ""), carry_out=True)
    assert Warn.VARIABLES_NOT_KEPT not in {one.what for one in plan.warnings}
    lab.destroy("web")
    store.write_text(variable("Now"))
    back = RevertIntent(key, "ram", safety=SafetyKind.NONE)
    assert Warn.VARIABLES_STAY not in {one.what for one in planned(lab, back).warnings}
    planned(lab, back, carry_out=True)
    assert '"Then"' in store.read_text()
    assert '"Now"' not in store.read_text()


def test_a_reset_of_a_store_is_promised_where_libvirt_makes_it(newest_lab: Lab) -> None:
    """With virsh beside it: only where a guest starts, and without its RAM."""
    lab = newest_lab
    key, store = with_store(lab)
    lab.snapshot("web", "off")
    lab.start("web")
    lab.snapshot("web", "ram")
    for name, state, flag, left in (
        ("ram", RunState.RECORDED, (), "Then"),
        ("off", RunState.RUNNING, ("--running",), "Template"),
        ("off", RunState.RECORDED, (), "Now"),
    ):
        lab.destroy("web")
        store.write_text(variable("Now"))
        plan = planned(lab, RevertIntent(key, name, state, SafetyKind.NONE, reset_nvram=True))
        lab.virsh("snapshot-revert", "web", name, *flag, "--reset-nvram")
        assert f'"{left}"' in store.read_text()
        assert plan.possible is (left == "Template"), plan.refusals


def test_raw_ones_are_not_reset_where_no_guest_starts(every_lab: Lab, tmp_path: Path) -> None:
    lab = every_lab
    nvram = with_variables(lab, tmp_path)
    adopted(lab, tmp_path)
    back = RevertIntent(lab.key("web"), "s", safety=SafetyKind.NONE, reset_nvram=True)
    assert_refused(planned(lab, back), Why.RESET_AT_START_ALONE)
    lab.virsh("snapshot-revert", "web", "s", "--reset-nvram")
    assert nvram.read_bytes()[:1] == b"V"


def test_raw_ones_come_back_with_ram_in_a_file(reverting_lab: Lab, tmp_path: Path) -> None:
    """They are a device's as well, whether libvirt resets them before or not."""
    lab = reverting_lab
    nvram = with_variables(lab, tmp_path)
    lab.start("web")
    files = (f"file={lab.images / 'ram'}", f"vda,snapshot=external,file={lab.images / 'over'}")
    lab.virsh("snapshot-create-as", "web", "s", "--memspec", files[0], "--diskspec", files[1])
    lab.destroy("web")
    nvram.write_bytes(b"N" * FLASH)
    back = RevertIntent(lab.key("web"), "s", safety=SafetyKind.NONE)
    assert_refused(planned(lab, replace(back, reset_nvram=True)), Why.RESET_NOT_WITH_RAM)
    assert Warn.VARIABLES_STAY not in {one.what for one in planned(lab, back).warnings}
    lab.virsh("snapshot-revert", "web", "s", "--reset-nvram")
    assert nvram.read_bytes()[:1] == b"V"


def test_a_reset_of_qcow2_ones_takes_what_snapshots_have_in_them(
    reverting_lab: Lab, tmp_path: Path
) -> None:
    lab = reverting_lab
    nvram = with_variables(lab, tmp_path)
    template, inside = tmp_path / "template.fd", lab.images / "vars.qcow2"
    qemu_img("convert", "-f", "raw", "-O", "qcow2", str(nvram), str(inside))
    made = lab.images / "template.qcow2"
    qemu_img("convert", "-f", "raw", "-O", "qcow2", str(template), str(made))
    xml = re.sub(
        r"<nvram.*</nvram>",
        f"<nvram template='{made}' templateFormat='qcow2' format='qcow2'>{inside}</nvram>",
        lab.xml("web", inactive=True),
    )
    key = lab.define_xml(xml)
    lab.snapshot("web", "s")
    assert [name for _, name in entries(inside)] == ["s"]
    back = RevertIntent(key, "s", RunState.RUNNING, SafetyKind.NONE, reset_nvram=True)
    assert_refused(planned(lab, back), Why.RESET_LOSES_PARTS, path=str(inside))
    lab.virsh("snapshot-revert", "web", "s", "--running", "--reset-nvram")
    lab.destroy("web")
    assert entries(inside) == []


@pytest.fixture
def inside(reverting_lab: Lab) -> DomainKey:
    """A domain that is off, whose variables are in qcow2."""
    lab = reverting_lab
    code = lab.images / "code"
    code.write_bytes(b"\xf4" * FLASH)
    qemu_img("create", "-q", "-f", "qcow2", str(lab.images / "variables"), str(FLASH))
    lab.define("web")
    inner = (
        f"<loader readonly='yes' type='pflash'>{code}</loader>"
        f"<nvram format='qcow2'>{lab.images / 'variables'}</nvram>"
    )
    xml = lab.xml("web").replace("</os>", f"{inner}</os>")
    features = "" if "<acpi/>" in xml else "<features><acpi/></features>"
    return lab.define_xml(xml.replace("</os>", f"</os>{features}"))


@pytest.mark.parametrize("other", [False, True], ids=["no part", "another part"])
def test_those_in_qcow2_come_back_with_the_ram_whatever_is_inside(
    reverting_lab: Lab, inside: DomainKey, other: bool
) -> None:
    lab, path = reverting_lab, reverting_lab.images / "variables"
    write(path, 0x55)
    lab.start("web")
    lab.snapshot("web", "ram")
    lab.destroy("web")
    qemu_img("snapshot", "-d", "ram", str(path))
    write(path, 0x66)
    if other:
        qemu_img("snapshot", "-c", "ram", str(path))
        write(path, 0x77)
    planned(lab, RevertIntent(inside, "ram", safety=SafetyKind.NONE), carry_out=True)
    assert lab.state("web") == "running"
    lab.destroy("web")
    assert holds(path, 0x55)


def test_without_the_ram_what_is_inside_of_that_name_comes_back_or_nothing(
    reverting_lab: Lab, inside: DomainKey
) -> None:
    """libvirt takes what is called so, and reverts the disk before it finds nothing."""
    lab, path = reverting_lab, reverting_lab.images / "variables"
    lab.snapshot("web", "off")
    qemu_img("snapshot", "-d", "off", str(path))
    write(lab.image("web"), 0x22)
    back = RevertIntent(inside, "off", safety=SafetyKind.NONE)
    plan = planned(lab, back)
    assert_refused(plan, Why.ENTRY_GONE, path=str(path))
    assert {one.harm for one in plan.refusals} == {Harm.HALF}
    assert lab.virsh("snapshot-revert", "web", "off", check=False).startswith("error")
    assert holds(lab.image("web"), 0x11), "which is what was foretold"
    write(path, 0x77)
    qemu_img("snapshot", "-c", "off", str(path))
    write(path, 0x66)
    planned(lab, back, carry_out=True)
    assert holds(path, 0x77)
    planned(lab, DeleteIntent(inside, "off"), carry_out=True)
    assert (entries(path), entries(lab.image("web"))) == ([], [])


def test_beside_raw_ones_the_safety_snapshot_is_of_disks(
    reverting_lab: Lab, tmp_path: Path
) -> None:
    """libvirt takes no internal one of such a guest while it runs, and one of it while off."""
    lab = reverting_lab
    with_variables(lab, tmp_path)
    lab.snapshot("web", "off")
    lab.start("web")
    key = lab.key("web")
    assert_refused(planned(lab, CreateIntent(key, "ram", "")), Why.VARIABLES_RAW)
    plan = planned(lab, RevertIntent(key, "off"), carry_out=True)
    assert plan.undo.by is UndoBy.DISKS_POWERED_OFF
    assert lab.state("web") == "shut off"
    (safety,) = set(lab.snapshots("web")) - {"off"}
    planned(lab, RevertIntent(key, safety, safety=SafetyKind.NONE), carry_out=True)
