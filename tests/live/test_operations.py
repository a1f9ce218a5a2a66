"""Every operation through the real program in a real terminal, checked with virsh."""

from __future__ import annotations

import pytest

from snaptui.model.safety_mark import is_safety
from tests.lab import Lab, entries, holds, write
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", sample(1, [(size,) for size in SIZES]), ids=str)
def test_create_of_a_domain_that_is_off(lab: Lab, size: tuple[int, int]) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"], size=size) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ")
        terminal.press("esc")
        terminal.wait("no snapshots yet", gone="Create a snapshot of")
        assert lab.snapshots("web") == []

        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ")
        terminal.press("pre upgrade", "tab", "a & b <c>", "tab")
        terminal.wait("--name=pre upgrade", "a & b <c>")
        confirm(terminal)
        terminal.wait("Create a snapshot of web: done")
    assert lab.snapshots("web") == ["pre upgrade"]
    xml = lab.virsh("snapshot-dumpxml", "web", "pre upgrade")
    assert "<description>a &amp; b &lt;c&gt;</description>" in xml
    assert entries(lab.image("web")) == [("1", "pre upgrade")]


def test_create_of_a_running_domain_keeps_its_memory(lab: Lab) -> None:
    lab.define("web", running=True)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("keeps running", "disks and RAM")
        confirm(terminal)
        terminal.wait("done", "disk+RAM")
    (name,) = lab.snapshots("web")
    assert "<memory snapshot='internal'/>" in lab.virsh("snapshot-dumpxml", "web", name)
    assert lab.state("web") == "running"


def test_create_of_a_paused_domain_leaves_it_paused(lab: Lab) -> None:
    lab.define("web", running=True)
    lab.suspend("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("stays paused")
        confirm(terminal)
        terminal.wait("done", "disk+RAM")
    assert lab.state("web") == "paused"


@pytest.mark.parametrize("size", sample(1, [(size,) for size in SIZES]), ids=str)
def test_revert_brings_all_disks_back(lab: Lab, size: tuple[int, int]) -> None:
    """All disks or none."""
    lab.define("web", disks=("vda", "vdb"))
    lab.snapshot("web", "good")
    for target in ("vda", "vdb"):
        write(lab.image("web", target), 0x22)
    with Terminal(["-c", lab.uri, "web"], size=size) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Revert web to good", "written to vda, vdb")
        confirm(terminal)
        terminal.wait("Revert web to good: done")
    assert all(holds(lab.image("web", target), 0x11) for target in ("vda", "vdb"))


@pytest.mark.parametrize(
    ("taken", "now", "keys", "after"),
    sample(
        2,
        [
            ("off", "running", "", "shut off"),
            ("running", "off", "", "running"),
            ("paused", "running", "", "paused"),
            ("off", "running", "running", "running"),
            ("running", "running", "paused", "paused"),
        ],
    ),
)
def test_revert_ends_in_the_state_that_was_asked_for(
    lab: Lab, taken: str, now: str, keys: str, after: str
) -> None:
    """As recorded unless something else was chosen."""
    lab.define("web", running=taken != "off")
    if taken == "paused":
        lab.suspend("web")
    lab.snapshot("web", "then")
    if now == "off" and lab.state("web") != "shut off":
        lab.destroy("web")
    elif now == "running":
        lab.virsh("start" if taken == "off" else "resume", "web", check=False)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "then")
        terminal.press("r")
        terminal.wait("[as recorded]", "Ready, ", "press Y")
        if keys:
            terminal.press("tab")
            terminal.press(*[" "] * (1 if keys == "running" else 2))
            terminal.wait(f"[{keys}]")
        confirm(terminal)
        terminal.wait("Revert web to then: done")
    assert lab.state("web") == after


def test_delete_of_one_keeps_what_is_below(lab: Lab) -> None:
    lab.define("web")
    for name in ("a", "b", "c"):
        lab.snapshot("web", name)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "a", "b", "c")
        terminal.press("j", "d")
        terminal.wait("Delete b of web", "1 snapshot below it")
        confirm(terminal)
        terminal.wait("Delete b of web: done")
    assert lab.snapshots("web") == ["a", "c"]
    assert [name for _, name in entries(lab.image("web"))] == ["a", "c"]


def test_delete_with_children_of_a_fork(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "a")
    lab.snapshot("web", "b")
    lab.virsh("snapshot-revert", "web", "a")
    lab.snapshot("web", "x")
    lab.snapshot("web", "y")
    daemon = lab.daemon.pid
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "x", "y")
        terminal.press("d")
        terminal.wait("[this one]")
        terminal.press("tab", " ")
        terminal.wait("[this and all below it]", "4 snapshots: ")
        confirm(terminal)
        terminal.wait("and all below it: done")
    assert lab.snapshots("web") == []
    assert entries(lab.image("web")) == []
    assert lab.daemon.pid == daemon


@pytest.mark.long
def test_a_name_with_spaces_is_acted_on_exactly(lab: Lab) -> None:
    """``pre upgrade`` is not ``pre``."""
    lab.define("web")
    lab.snapshot("web", "pre")
    write(lab.image("web"), 0x22)
    lab.snapshot("web", "pre upgrade")
    write(lab.image("web"), 0x33)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "pre upgrade")
        terminal.press("j", "r")
        terminal.wait("Revert web to pre upgrade")
        confirm(terminal)
        terminal.wait("Revert web to pre upgrade: done")
        assert holds(lab.image("web"), 0x22)
        terminal.press("d")
        terminal.wait("Delete pre upgrade of web")
        confirm(terminal)
        terminal.wait("Delete pre upgrade of web: done")
    assert [name for name in lab.snapshots("web") if not is_safety(name)] == ["pre"]


@pytest.mark.long
def test_only_create_adds_an_in_image_snapshot(lab: Lab) -> None:
    """A revert adds its safety snapshot; the other entries stay as they are."""
    lab.define("web")
    for name in ("a", "b"):
        lab.snapshot("web", name)
    before = entries(lab.image("web"))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "a", "b")
        terminal.press("r")
        confirm(terminal)
        terminal.wait("Revert web to a: done")
        *others, (_, safety) = entries(lab.image("web"))
        assert others == before
        assert is_safety(safety)
        assert safety.endswith("Z-a")
        terminal.press("d")
        confirm(terminal)
        terminal.wait("Delete a of web: done")
    assert [name for _, name in entries(lab.image("web"))] == ["b", safety]
