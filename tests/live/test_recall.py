"""What the program was left with comes back: the domain, the order, what is folded."""

from __future__ import annotations

from pathlib import Path

from snaptui.ui.last_view import NAME
from tests.lab import Lab, next_second
from tests.live.test_fleet import ONE, TWO, config, other
from tests.terminal import Terminal

__all__ = ["config", "other"]


def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "snaptui" / NAME


def test_the_domain_and_the_order_come_back_and_the_filter_does_not(
    lab: Lab, tmp_path: Path
) -> None:
    """A domain of the command line goes before it; one that is gone is not missed."""
    for name in ("archive", "mail", "web"):
        lab.define(name)
    lab.snapshot("mail", "one")
    next_second()
    lab.snapshot("mail", "two")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ archive", "web")
        terminal.press("down")
        terminal.wait("▌ mail", "two")
        terminal.press("right", "s")
        terminal.wait("Sorted by space freed.")
        terminal.press("left")
        terminal.press("/", "mai", "enter")
        terminal.wait("▌ mail", gone="archive")
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert state(tmp_path).stat().st_mode & 0o777 == 0o600
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ mail", "two", "archive")
        terminal.press("enter", "s")
        terminal.wait("Shown as a tree.")
        terminal.press("q")
        assert terminal.exit_code() == 0
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("▌ web")
    lab.virsh("undefine", "--snapshots-metadata", "mail")
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ archive", "web")
        assert "Not found" not in terminal.text


def test_the_orders_of_domains_and_of_all_snapshots_come_back(lab: Lab) -> None:
    for name in ("archive", "mail"):
        lab.define(name)
    lab.snapshot("mail", "one")
    with Terminal(["-c", lab.uri], size=(120, 30)) as terminal:
        terminal.wait("▌ archive", "Domain▾")
        terminal.press("s")
        terminal.wait("Snaps▾")
        terminal.press("A")
        terminal.wait("Age▾", "one")
        terminal.press("s", "s")
        terminal.wait("Frees▾")
        terminal.press("esc")
        terminal.wait("Snaps▾")
        terminal.press("A")
        terminal.wait("Frees▾", "one")
        terminal.press("esc", "q")
        assert terminal.exit_code() == 0
    with Terminal(["-c", lab.uri], size=(120, 30)) as terminal:
        terminal.wait("Snaps▾")
        terminal.press("A")
        terminal.wait("Frees▾", "one")


def test_folds_and_the_host_come_back(lab: Lab, config: str) -> None:
    with Terminal(["--config", config]) as terminal:
        terminal.wait(ONE, TWO, "only-there", "2 hosts")
        terminal.press("enter")
        terminal.wait("▸ kvm1", "only-there")
        terminal.press("G", "up")
        terminal.wait("▌  only-there")
        terminal.press("q")
        assert terminal.exit_code() == 0
    with Terminal(["--config", config]) as terminal:
        terminal.wait("▸ kvm1", TWO, "▌  only-there")


def test_what_is_damaged_is_as_if_it_were_not_there(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    path = state(tmp_path)
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_bytes(b'{"hosts": [[[{"host": 3')
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("▌ web")
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert b'"domain"' in path.read_bytes()
