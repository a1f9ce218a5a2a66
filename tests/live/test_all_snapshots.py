"""All snapshots in one list, beside what virsh says of them."""

from __future__ import annotations

import base64

from tests.lab import Lab, next_second
from tests.terminal import Terminal, confirm


def test_what_mentions_the_kernel_is_two_keys_away(lab: Lab) -> None:
    """Found by its description among three domains; Enter goes there."""
    for name in ("db", "mail", "web"):
        lab.define(name)
        lab.snapshot(name, "base")
    lab.snapshot("mail", "late", "--description", "before the new kernel")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("mail", "web")
        terminal.press("A")
        terminal.wait("4 snapshots of 3 domains; deleting these frees", "before the new kernel")
        terminal.press("/", "kernel", "enter")
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
        terminal.wait("/two: 2 snapshots of 2 domains, 4 in all, 2 marked (2 not shown)")
        terminal.press("d")
        terminal.wait(
            "Delete 2 snapshots of 2 domains", "Note: db: one goes.", "Note: web: one goes."
        )
        confirm(terminal)
        terminal.wait("2 snapshots of 2 domains, 2 in all", gone="marked")
    assert lab.snapshots("db") == lab.snapshots("web") == ["two"]


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
        terminal.wait("It was given to the terminal's clipboard.")
        assert base64.b64encode(b"base") in terminal.raw
        terminal.press("A")
        terminal.wait("1 snapshot of 1 domain")
        terminal.press("y")
        terminal.wait("Copy of base", "its XML")
        terminal.press("down", "down", "down")
        terminal.wait("▌ its XML")
        terminal.press("enter")
        terminal.wait("It was given to the terminal's clipboard.")
        line = f"virsh -c '{lab.uri}' snapshot-dumpxml --domain=web --snapshotname=base"
        assert base64.b64encode(line.encode()) in terminal.raw
