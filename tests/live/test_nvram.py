"""The UEFI variables at a revert."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptui.model.choices import SafetyKind
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


def test_beside_them_nothing_inside_is_deleted_while_the_guest_runs(
    lab: Lab, tmp_path: Path
) -> None:
    """libvirt 9.0 lets QEMU delete all parts or none, and forgets the snapshot all the same."""
    with_variables(lab, tmp_path)
    qemu_img("snapshot", "-c", "s", str(lab.image("web")))
    record = tmp_path / "s.xml"
    xml = lab.virsh("dumpxml", "--inactive", "web")
    record.write_text(
        "<domainsnapshot><name>s</name><creationTime>1700000000</creationTime>"
        f"<state>shutoff</state>{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "web", "--redefine", str(record))
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


def test_those_in_a_store_come_back_with_the_ram(newest_lab: Lab) -> None:
    """QEMU has them in a device, and writes its file anew when it has loaded the RAM."""
    lab = newest_lab
    code, store = lab.images / "code", lab.images / "store"
    code.write_bytes(b"\xf4" * (64 << 10))
    store.write_text('{"version": 2, "variables": []}')
    lab.define("web")
    inner = f"<loader type='rom'>{code}</loader><varstore path='{store}'/>"
    xml = lab.xml("web").replace("</os>", f"{inner}</os>")
    features = "" if "<acpi/>" in xml else "<features><acpi/></features>"
    key = lab.define_xml(xml.replace("</os>", f"</os>{features}"))
    lab.start("web")
    plan = planned(lab, CreateIntent(key, "ram", ""), carry_out=True)
    assert Warn.VARIABLES_NOT_KEPT not in {one.what for one in plan.warnings}
    lab.destroy("web")
    other = '{"name": "X", "guid": "8be4df61-93ca-11d2-aa0d-00e098032b8c", "attr": 7, "data": "01"}'
    store.write_text(f'{{"version": 2, "variables": [{other}]}}')
    back = RevertIntent(key, "ram", safety=SafetyKind.NONE)
    assert Warn.VARIABLES_STAY not in {one.what for one in planned(lab, back).warnings}
    planned(lab, back, carry_out=True)
    assert '"X"' not in store.read_text()


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
