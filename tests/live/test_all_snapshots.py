"""All snapshots in one list, beside what virsh says of them."""

from __future__ import annotations

import base64
import re
import time

from tests.lab import Lab, next_second
from tests.terminal import Terminal, at_snapshots, confirm


def test_what_mentions_the_kernel_is_two_keys_away(lab: Lab) -> None:
    """Found by its description among three domains; Enter goes there."""
    for name in ("db", "mail", "web"):
        lab.define(name)
        lab.snapshot(name, "base")
    lab.snapshot("mail", "late", "--description", "before the new kernel")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("mail", "web")
        terminal.press("A")
        terminal.wait("4 snapshots of 3 domains; deleting all 4 frees", "before the new kernel")
        terminal.press("/")
        terminal.wait(">30d <2h age", ">1G <5M frees", "!x not x", "held safety unmanaged")
        terminal.press(">2m")
        terminal.wait(">2m is no filter", "All snapshots />2m: 0 snapshots")
        for _ in ">2m":
            terminal.press("backspace")
        terminal.press("!mail")
        terminal.wait("of 2 domains, 4 in all", gone="no filter")
        for _ in "!mail":
            terminal.press("backspace")
        terminal.press("kernel", "enter")
        terminal.wait(gone="!x not x")
        terminal.wait("All snapshots /kernel: 1 snapshot of 1 domain, 4 in all", "late")
        terminal.press("enter")
        terminal.wait("mail  shut off", "▌ ● late", gone="All snapshots")


def test_marks_that_a_filter_hides_are_counted_and_deleted(lab: Lab) -> None:
    """With `*` what is shown, over domains; what is held stays, and says so."""
    for name in ("db", "web"):
        lab.define(name)
        for snapshot in ("one", "two"):
            lab.snapshot(name, snapshot)
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("db", "web")
        terminal.press("A")
        terminal.wait("4 snapshots of 2 domains")
        terminal.press("/", "one", "enter")
        terminal.wait("/one: 2 snapshots of 2 domains, 4 in all")
        terminal.press("*")
        terminal.wait("2 marked: deleting them frees")
        terminal.press("/")
        for _ in "one":
            terminal.press("backspace")
        terminal.press("two", "enter")
        terminal.wait("/two: 2 of 4 marked (2 not shown); deleting 2 marked frees ")
        terminal.press("d")
        terminal.wait(
            "Delete 2 snapshots of 2 domains",
            "Note: db: one is deleted.",
            "Note: web: one is deleted.",
        )
        confirm(terminal)
        terminal.wait("2 snapshots of 2 domains, 2 in all", gone="marked")
    assert lab.snapshots("db") == lab.snapshots("web") == ["two"]


def test_one_that_is_not_known_does_not_hide_the_sum_of_the_others(lab: Lab) -> None:
    """In the title, of marks in the list, and of those of one domain in its tree."""
    for name in ("gone", "web"):
        lab.define(name)
        lab.snapshot(name, "one")
    lab.image("gone").unlink()
    next_second()
    lab.snapshot("web", "two", "--disk-only")
    lab.virsh("snapshot-revert", "web", "one")  # libvirt 9.0 leaves the overlay, and deletes it not
    with Terminal(["-c", lab.uri, "web"], size=(140, 30)) as terminal:
        at_snapshots(terminal, "one", "two")
        terminal.wait("128K", "E broken")
        terminal.press(" ", " ")
        terminal.wait(
            "2 snapshots marked: deleting them frees at least 128.0 KiB (1 of 2 not known)"
        )
        terminal.wait(">128K")
        terminal.press("A")
        terminal.wait("3 snapshots of 2 domains; deleting all 3 frees 128 KiB + 2 ?")
        terminal.press("*")
        terminal.wait("3 of 3 marked; deleting 3 marked frees 128 KiB + 2 ?")


def test_the_order_follows_a_key_and_a_click(lab: Lab) -> None:
    lab.define("web")
    for snapshot in ("zeta", "alpha"):
        lab.snapshot("web", snapshot)
        next_second()

    def order(terminal: Terminal) -> list[str]:
        words = terminal.text.split()
        return [word for word in words if word in ("zeta", "alpha")][:2]

    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("web")
        terminal.press("A")
        terminal.wait("Age▾")
        terminal.until(lambda: order(terminal) == ["zeta", "alpha"], "the oldest first")
        terminal.press("s", "s", "s", "s")
        terminal.wait("Snapshot▾")
        terminal.until(lambda: order(terminal) == ["alpha", "zeta"], "by name")


def test_a_name_or_a_line_is_copied(lab: Lab) -> None:
    """As OSC 52, from both lists; what is copied only looks, and says which host."""
    lab.define("web")
    lab.snapshot("web", "base", "--description", "as installed")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("● base")
        terminal.press("y")
        terminal.wait("Copy of base", "as installed", "its XML")
        terminal.press("enter")
        terminal.wait("Copied to the terminal's clipboard.")
        assert base64.b64encode(b"base") in terminal.raw
        terminal.press("A")
        terminal.wait("1 snapshot of 1 domain")
        terminal.press("y")
        terminal.wait("Copy of base", "its XML")
        terminal.press("down", "down", "down")
        terminal.wait("▌ its XML")
        terminal.press("enter")
        terminal.wait("Copied to the terminal's clipboard.")
        line = f"virsh -c '{lab.uri}' snapshot-dumpxml --domain=web --snapshotname=base"
        assert base64.b64encode(line.encode()) in terminal.raw


def test_a_rule_marks_what_it_shows_and_the_number_is_typed(lab: Lab) -> None:
    """What is held, current or a safety snapshot stays, and `d` is the plan of the rest."""
    for name in ("db", "web"):
        lab.define(name)
        for number in range(6):
            lab.snapshot(name, f"s{number}")
    lab.snapshot("web", "kept", "--description", "[held by root since 2026-11-29T10:00:00Z]")
    lab.snapshot("web", "safety-20261129T100000Z-s1")
    next_second()
    for name in ("db", "web"):
        lab.snapshot(name, "last")
    with Terminal(["-c", lab.uri], size=(120, 50)) as terminal:
        terminal.wait("db", "web")
        terminal.press("enter")
        terminal.wait("▌ ● last", "@ now")
        terminal.press("M")
        terminal.wait("Mark by rule", "Type at least one number", "Mark 0")
        terminal.press("enter")
        terminal.wait("Nothing to mark. Type at least one number")
        terminal.press("0")
        terminal.wait("a whole number from 1 on")
        terminal.press("backspace", "1")
        terminal.wait("db: 6 of 7 snapshots go", "web: 6 of 9 snapshots go", "Mark 12")
        terminal.wait("held", "safety snapshot", "current", "Of 16 snapshots of 2 domains 12 go")
        terminal.press("enter")
        terminal.wait("12 marked: deleting them frees", gone="Mark by rule")
        terminal.press("d")
        terminal.wait("Delete 12 snapshots of 2 domains")
        confirm(terminal, "12")
        terminal.wait("4 snapshots of 2 domains", gone="marked")
    assert lab.snapshots("db") == ["last"]
    assert sorted(lab.snapshots("web")) == ["kept", "last", "safety-20261129T100000Z-s1"]


def test_a_clock_that_was_set_back_lets_no_rule_choose(every_lab: Lab) -> None:
    """libvirt's times are seconds of UTC as the host's clock has them, whatever the time zone."""
    lab = every_lab
    lab.define("web")
    began = int(time.time())
    for name in ("first", "second"):
        lab.snapshot("web", name)
    record = lab.virsh("snapshot-dumpxml", "web", "second", "--security-info")
    (made,) = re.findall("<creationTime>([0-9]+)<", record)
    assert began <= int(made) <= time.time()
    back = lab.directory / "back.xml"
    back.write_text(record.replace(made, str(int(made) - 3600)))
    lab.virsh("snapshot-create", "web", "--redefine", str(back))
    next_second()
    lab.snapshot("web", "last")
    with Terminal(["-c", lab.uri], size=(120, 40)) as terminal:
        at_snapshots(terminal, "○ first", "○ second", "● last")
        rows = [name for name in terminal.text.split() if name in ("first", "second", "last")]
        assert rows[:3] == ["first", "second", "last"], "the tree is that of the records"
        terminal.press("M", "1")
        terminal.wait("0 of 3 snapshots go", "its time contradicts another's")


def test_what_was_made_anew_under_a_marked_name_is_not_deleted(lab: Lab) -> None:
    """The dialog refuses it, and once the list was read again it is marked no more."""
    lab.define("web")
    for name in ("one", "two", "last"):
        lab.snapshot("web", name)
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("web")
        terminal.press("A")
        terminal.wait("3 snapshots of 1 domain", gone=" ...")
        terminal.press("M", "1")
        terminal.wait("Mark 2")
        terminal.press("enter")
        terminal.wait("2 marked", gone="Mark by rule")
        lab.virsh("snapshot-delete", "web", "two")
        next_second()
        lab.snapshot("web", "two")
        terminal.press("d")
        terminal.wait("Delete 2 snapshots", "Refused: two is not the snapshot that was listed")
        terminal.press("esc")
        terminal.wait(gone="Delete 2 snapshots")
        terminal.press("f5")
        terminal.wait("1 mark dropped: changed since", "1 marked", gone=" ...")
    assert sorted(lab.snapshots("web")) == ["last", "one", "two"]


def test_no_rule_names_what_a_job_uses(lab: Lab) -> None:
    """A copy that is whole, and waits to be ended, holds no other domain."""
    for name in ("db", "web"):
        lab.define(name, running=name == "web")
        for snapshot in ("one", "two"):
            lab.snapshot(name, snapshot)
    copy = lab.images / "copy.qcow2"
    lab.virsh("blockcopy", "web", "vda", str(copy), "--transient-job", "--wait")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("db", "web")
        terminal.press("A")
        terminal.wait("4 snapshots of 2 domains", gone=" ...")
        terminal.press("M", "1")
        terminal.wait("db: 1 of 2 snapshots goes", "web: 0 of 2", "a job uses its domain", "Mark 1")


def test_no_row_goes_and_comes_back_while_all_is_read_again(lab: Lab) -> None:
    """The cursor stays on its snapshot, and what virsh made meanwhile is there after F5."""
    for name in ("db", "mail", "web"):
        lab.define(name)
        lab.snapshot(name, "base")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("mail", "web")
        terminal.press("A")
        terminal.wait("3 snapshots of 3 domains", "F5 refreshes")
        terminal.press("G")
        terminal.wait("▌ ● I  web")
        lab.snapshot("db", "late")
        for _ in range(3):
            terminal.press("\x1b[15~")
            terminal.wait("4 snapshots of 3 domains", "F5 refreshes")
            terminal.wait("▌ ● I  web")
