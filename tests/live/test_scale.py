"""Many snapshots, and names made in the same second, on a real daemon."""

from __future__ import annotations

import re

import pytest

from snaptui.backend.virt.calls import MOST_SNAPSHOTS
from tests.lab import Lab, many_snapshots
from tests.terminal import SOME_READ, Terminal, at_snapshots, confirm


@pytest.mark.parametrize("count", [1500, pytest.param(5000, marks=pytest.mark.long)])
def test_a_long_chain_can_be_walked(lab: Lab, count: int) -> None:
    """One of 985 is more than a recursive tree can draw."""
    lab.define("web")
    many_snapshots(lab, "web", count)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait(f"{count} snapshots", "n00000", "I disk")
        terminal.press("G")
        terminal.wait(f"after n{count - 2:05}")
        indents = {len(m[1]) for m in re.finditer(r"│▌?( *)[○✗] n0", terminal.text)}
        assert 1 <= len(indents) <= 2, "a chain is a straight line"
        terminal.press("/", "n01200")
        terminal.wait("after n01199")
        terminal.press("enter", "d")
        terminal.wait("Delete n01200 of web")


@pytest.mark.long
def test_more_than_libvirt_passes_on_is_said(own_lab: Lab) -> None:
    """Its answer is like that of a connection that is lost."""
    own_lab.define("web")
    many_snapshots(own_lab, "web", MOST_SNAPSHOTS + 1)
    said = "It has 16385 snapshots, and libvirt passes on 16384 at most."
    with Terminal(["-c", own_lab.uri, "web"], size=(80, 24)) as terminal:
        terminal.wait(said[:40], "connected")
        terminal.press("F")
        terminal.wait("File systems", "Esc")
        terminal.press("esc")
        terminal.wait(said[:40], "connected")
        own_lab.virsh("snapshot-delete", "web", "n16384", "--metadata")
        terminal.press("f5")
        terminal.wait("16384 snapshots", "connected", gone="16385")


@pytest.mark.long
def test_as_many_as_libvirt_passes_on_can_be_walked(own_lab: Lab) -> None:
    own_lab.define("web")
    many_snapshots(own_lab, "web", MOST_SNAPSHOTS)
    with Terminal(["-c", own_lab.uri, "web"], size=(80, 24)) as terminal:
        terminal.wait("16384 snapshots")
        terminal.until(lambda: not SOME_READ.search(terminal.text), "all to be read", 240)
        terminal.press("G", "g")
        terminal.wait("n00000", "I disk")


@pytest.mark.long
def test_two_creates_in_one_second_do_not_collide(lab: Lab) -> None:
    """The suggested name has seconds, and is never one that is taken."""
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        for number in (1, 2, 3):
            terminal.press("c")
            confirm(terminal)
            terminal.wait("Create a snapshot of web: done", f"{number} snapshot")
    names = lab.snapshots("web")
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"snap-\d{8}-\d{6}(-\d)?", name) for name in names)


def test_a_name_that_is_taken_elsewhere_meanwhile_is_not_reused(lab: Lab) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ", "--name=snap-")
        name = re.search(r"--name=(snap-[\d-]+)", terminal.dialog)
        assert name is not None
        lab.snapshot("web", name[1], "--description=of another admin")
        terminal.wait("Refused, see below", "exists already")
    assert lab.snapshots("web") == [name[1]]


def test_the_first_row_can_be_acted_on(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", lab.uri, "web"], size=(80, 24)) as terminal:
        at_snapshots(terminal, "one")
        terminal.press("d")
        terminal.wait("Delete one of web")
