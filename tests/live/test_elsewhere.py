"""Other admins, other tools, and a daemon that stops, dies and comes back."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import ExitStack

import pytest

from tests.lab import Lab, holds, next_second, write
from tests.sample import sample
from tests.terminal import Terminal, at_snapshots, confirm, press_alone

HOSTILE = [
    "[/x]",
    "[red]",
    "[@click=app.quit]boo",
    "c[red]y",
    "esc\x1b[31mape",
    "line\nbreak\rreturn",
    "tab\tbell\x07",
    "漢字カタカナ",
    "\u202eright to left",
    "zero\u200bwidth\u200djoiner",
    "x" * 4096,
    "a & b <c>",
]


def libvirt_connection(uri: str):  # type: ignore[no-untyped-def]  # libvirt has no types
    import libvirt

    return libvirt.open(uri)


def test_hostile_text_is_shown_literally_on_one_row(lab: Lab) -> None:
    """Names and descriptions neither crash nor restyle nor spoof the screen."""
    lab.define("web")
    connection = libvirt_connection(lab.uri)
    domain = connection.lookupByName("web")
    made = []
    for number, text in enumerate(HOSTILE):
        plain = "".join(c if c >= " " or c in "\t\n\r" else "&#xFFFD;" for c in text)
        safe = plain.replace("&", "&amp;").replace("<", "&lt;").replace("&amp;#xFFFD;", "?")
        name = safe[:60].replace("/", "|")
        xml = f"<domainsnapshot><name>{number}-{name}</name><description>{safe}</description>"
        domain.snapshotCreateXML(xml + "</domainsnapshot>", 0)
        made.append(f"{number}-")
    connection.close()
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, *made)
        for wanted in ("[|x]", "[red]", "2-[@click=", "c[red]y", "a & b <c>"):
            assert wanted in terminal.text

        def one_row_each() -> bool:
            terminal.read(0.05)
            rows = [line for line in terminal.text.splitlines() if "I disk" in line]
            return len(rows) == len(HOSTILE)

        terminal.until(one_row_each, "one row for each with its details")
        assert "\u202e" not in terminal.text
        for number in range(len(HOSTILE)):
            terminal.press("enter")
            terminal.wait("<domainsnapshot>", f"{number}-")
            terminal.press("esc")
            terminal.wait("@ now", gone="<domainsnapshot>")
            terminal.press("d")
            terminal.wait(f"Delete {number}-")
            terminal.press("esc")
            terminal.wait("@ now", gone="Cancel")
            terminal.press("j")
    for forbidden in (b"\x1b[31m", "\u202e".encode(), "\u200b".encode()):
        at = terminal.raw.find(forbidden)
        assert at < 0, terminal.raw[at - 100 : at + 40]


def test_changes_made_elsewhere_appear(lab: Lab) -> None:
    """Made, deleted, and made anew under the same name, all within three seconds."""
    lab.define("web")
    lab.snapshot("web", "first")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "first")
        lab.snapshot("web", "second")
        terminal.wait("second", seconds=3)
        lab.virsh("snapshot-delete", "web", "first")
        terminal.wait("second", gone="○ first", seconds=3)
        terminal.press("g")
        lab.virsh("snapshot-delete", "web", "second")
        lab.snapshot("web", "second", "--description=made anew")
        terminal.wait("made anew", seconds=3)
        lab.define("brandnew")
        terminal.wait("brandnew", seconds=5)


def test_a_snapshot_made_anew_meanwhile_is_not_taken(lab: Lab) -> None:
    """What was confirmed is done, or nothing: not what bears the same name now."""
    lab.define("web")
    lab.snapshot("web", "good")
    next_second()
    write(lab.image("web"), 0x22)
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "good")
        terminal.press("r")
        terminal.wait("Ready, ")
        lab.virsh("snapshot-delete", "web", "good")
        lab.snapshot("web", "good", "--description=of another admin")
        write(lab.image("web"), 0x33)
        terminal.wait("another one has its name now", gone="Ready, ")
        press_alone(terminal)
        terminal.wait("The checks failed, see above.")
    assert holds(lab.image("web"), 0x33)


def test_a_daemon_that_is_stopped_freezes_nothing(own_lab: Lab) -> None:
    """Keys are answered, the state is marked, quitting takes no time."""
    own_lab.define("web")
    for name in ("one", "two", "three"):
        own_lab.snapshot("web", name)
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "three")
        own_lab.daemon.pause()
        try:
            terminal.press("j")
            terminal.wait("two  20")
            terminal.wait("no answer")
            terminal.press("k")
            terminal.wait("one  20")
            terminal.type_ahead("q")
            assert terminal.exit_code(5) == 0
        finally:
            own_lab.daemon.resume()


def test_letting_go_of_every_connection_waits_for_none(own_lab: Lab) -> None:
    """A dialog asked a running QEMU through a connection of its own before the daemon stopped."""
    own_lab.define("web", running=True)
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        terminal.press("esc")
        terminal.wait(gone="Refused")
        own_lab.daemon.pause()
        try:
            terminal.wait("connection lost")
            terminal.press("?")
            terminal.wait("Domains and snapshots")
            terminal.press("esc")
            terminal.wait("connection lost, as of", gone="Domains and snapshots")
            terminal.press("q")
            assert terminal.exit_code(3) == 0
        finally:
            own_lab.daemon.resume()


@pytest.mark.parametrize("number", sample(1, [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]))
def test_a_signal_gives_the_terminal_back_while_a_call_is_blocked(
    own_lab: Lab, number: signal.Signals
) -> None:
    own_lab.define("web")
    own_lab.snapshot("web", "one")
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        own_lab.daemon.pause()
        try:
            terminal.wait("no answer")
            terminal.signal(number)
            assert terminal.exit_code(5) == 128 + number
        finally:
            own_lab.daemon.resume()
        assert b"\x1b[?1049l" in terminal.raw
        assert terminal.restored


def test_a_daemon_that_dies_is_found_again(own_lab: Lab) -> None:
    """An error is never an empty list; what was known stays, marked as old."""
    own_lab.define("web")
    own_lab.snapshot("web", "one")
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "one")
        own_lab.daemon.kill()
        terminal.wait("connection lost", "one", "web")
        own_lab.daemon.restart()
        terminal.wait("connected", "one")
        own_lab.snapshot("web", "two")
        terminal.wait("two")


def test_descriptors_do_not_leak_when_the_daemon_dies(own_lab: Lab) -> None:
    own_lab.define("web")
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        terminal.wait("connected", "no snapshots yet")

        def opened() -> int:
            return len(os.listdir(f"/proc/{terminal.process.pid}/fd"))

        counts = []
        for _ in range(4):
            own_lab.daemon.kill()
            terminal.wait("connection lost")
            own_lab.daemon.restart()
            terminal.press("S")
            terminal.wait("connected")
            counts.append(opened())
        terminal.until(lambda: opened() <= counts[0] + 1, f"no more than {counts} descriptors")


def test_a_failed_call_is_not_shown_as_no_snapshots(own_lab: Lab) -> None:
    """While the host does not answer, the list says so."""
    own_lab.define("web")
    own_lab.define("other")
    own_lab.snapshot("other", "one")
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        terminal.wait("connected", "no snapshots yet")
        own_lab.daemon.pause()
        try:
            terminal.press("left", "k")
            terminal.wait("reading", gone="no snapshots yet")
        finally:
            own_lab.daemon.resume()
        terminal.wait("one")


def test_an_unreadable_snapshot_keeps_its_row(lab: Lab) -> None:
    """One whose XML is too large to be parsed says so in its row."""
    lab.define("web")
    lab.snapshot("web", "small")
    connection = libvirt_connection(lab.uri)
    domain = connection.lookupByName("web")
    long = "d" * (1200 << 10)
    domain.snapshotCreateXML(
        f"<domainsnapshot><name>huge</name><description>{long}</description></domainsnapshot>", 0
    )
    connection.close()
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "small", "huge")
        terminal.press("j")
        terminal.wait("larger than 1 MiB")


def test_the_state_does_not_depend_on_statistics(lab: Lab) -> None:
    """A running domain whose QEMU hangs is shown as running."""
    lab.define("web", running=True)
    with lab.frozen("web"), Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("running", "no snapshots yet")
        until = time.monotonic() + 4
        while time.monotonic() < until:
            terminal.read(0.2)
            assert "shut off" not in terminal.text


@pytest.mark.long
def test_guests_that_hang_keep_nobody_else_waiting(own_lab: Lab) -> None:
    """A connection serves five calls at a time, and those that wait for a QEMU count."""
    names = [f"hung{number}" for number in range(6)]
    for name in names:
        own_lab.define(name, running=True)
    own_lab.define("web")
    with ExitStack() as stack:
        terminal = stack.enter_context(Terminal(["-c", own_lab.uri, "web"]))
        terminal.wait("connected", "no snapshots yet")
        for name in names:
            stack.enter_context(own_lab.frozen(name))
        terminal.press("left", "g")
        for name in names:  # each is asked whether it answers
            terminal.wait(f" {name}  running")
            terminal.press("c")
            terminal.wait("does not answer")
            terminal.press("esc")
            terminal.wait(gone="does not answer")
            terminal.press("j")
        own_lab.snapshot("web", "one")
        terminal.wait("connected", " web  shut off", "one", seconds=10)


def test_a_long_create_is_not_given_up_and_the_rest_stays_usable(lab: Lab) -> None:
    """The operation's row says what it does and since when; other rows can be used."""
    lab.define("web", running=True)
    lab.define("other")
    lab.snapshot("other", "one")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        with lab.frozen("web"):
            confirm(terminal)
            terminal.wait("take the snapshot")
            told = re.compile(r"▌ web +Create ([3-9]|\d\d) s: run")
            terminal.until(lambda: told.search(terminal.text) is not None, "for how long it runs")
            terminal.press("c")
            terminal.wait("Not now")
            terminal.press("left", "g")
            terminal.wait("one", "@ now")
            terminal.press("q")
            terminal.wait("Quit while work is under way?")
            terminal.press("esc")
            terminal.wait(gone="Quit while")
            terminal.press("o")
            terminal.wait("What       Create a snapshot of web")
            terminal.press("x")
            terminal.wait("This cannot be cancelled. libvirt cannot give up a snapshot inside")
            terminal.press("esc")
        terminal.wait("Create a snapshot of web: done")
    assert len(lab.snapshots("web")) == 1
