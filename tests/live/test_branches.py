"""A newer libvirt: reverts to external snapshots, and what they and deletes leave behind."""

from __future__ import annotations

from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.discovery.inventory import take_inventory
from snaptui.model.choices import SafetyKind
from snaptui.model.safety_mark import is_safety
from snaptui.operations.step_calls import differences, expected_after, perform
from snaptui.plan.plan import RevertIntent
from snaptui.plan.planner import make_plan
from tests.lab import Lab, entries, holds, write
from tests.live.test_undo import undone
from tests.terminal import Terminal, at_snapshots, confirm


def overlay(lab: Lab, name: str = "web") -> Path:
    """What the only disk of a domain writes to."""
    return Path(lab.virsh("domblklist", "--domain", name).split()[-1])


def leftovers(lab: Lab) -> set[str]:
    """The overlays that nothing on the host names."""
    backend = LibvirtBackend(lab.uri)
    try:
        return set(take_inventory(backend, backend.connect()).leftovers)
    finally:
        backend.abandon()


def with_pool(lab: Lab) -> None:
    lab.virsh("pool-create-as", "images", "dir", "--target", str(lab.images))


def test_a_revert_to_an_external_snapshot_and_its_undo(newer_lab: Lab) -> None:
    lab = newer_lab
    lab.define("web")
    lab.snapshot("web", "good", "--disk-only")
    after = overlay(lab)
    write(after, 0x22)
    lab.start("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait(
            "web will be SHUT OFF",
            "Undo: yes, disks only (web is powered off first)",
            "Ready, ",
            "good cannot be",
        )
        confirm(terminal)
        terminal.wait("Revert web to good: done")
        assert lab.state("web") == "shut off"
        assert holds(overlay(lab), 0x11)
        left = overlay(lab)
        assert holds(after, 0x22), "the safety snapshot froze it"
        (safety,) = [name for name in lab.snapshots("web") if is_safety(name)]
        undone(terminal)
    assert holds(overlay(lab), 0x22)
    assert lab.current("web") == safety
    assert holds(left, 0x11), "the second safety snapshot froze it"


def test_the_base_survives_a_delete_and_what_that_leaves_is_found(newer_lab: Lab) -> None:
    """Internal parent, external child, back at the parent, the child deleted."""
    lab = newer_lab
    with_pool(lab)
    lab.define("web")
    lab.snapshot("web", "in")
    lab.snapshot("web", "out", "--disk-only")
    upper = overlay(lab)
    write(upper, 0x22)
    lab.virsh("snapshot-revert", "web", "in")
    assert leftovers(lab) == set()
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "out")
        terminal.press("j", "d")
        terminal.wait("Delete out of web", "stays and keeps the space")
        confirm(terminal)
        terminal.wait("Delete out of web: done")
        terminal.press("F")
        terminal.wait("orphaned")
    base = lab.image("web")
    assert holds(base, 0x11)
    assert entries(base) == [("1", "in")]
    assert leftovers(lab) == {str(upper)}


def test_reverts_within_one_second_do_not_meet(newer_lab: Lab) -> None:
    """libvirt calls new overlays by the second, and one that is there stops it half way."""
    key = newer_lab.define("web")
    newer_lab.snapshot("web", "good", "--disk-only")
    backend = LibvirtBackend(newer_lab.uri)
    try:
        host = backend.connect()
        intent = RevertIntent(key, "good", safety=SafetyKind.NONE)
        seen = set()
        for _ in range(3):
            before = read_facts(backend, host, intent)
            (step,) = make_plan(intent, before).steps
            perform(backend, key, step, lambda _: None)
            after = read_facts(backend, host, intent)
            assert differences(expected_after(step, before), after) == ()
            seen.add(overlay(newer_lab))
    finally:
        backend.abandon()
    assert len(seen) == 3
