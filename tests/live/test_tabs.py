"""The details as tabs on wide screens: configuration, history and XML of what is selected."""

from __future__ import annotations

from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_the_tabs_are_about_what_is_selected(lab: Lab) -> None:
    """They follow the cursor, and what others changed; the chosen one stays."""
    lab.define("web")
    lab.snapshot("web", "base", "--description", "as installed")
    lab.snapshot("web", "later")
    lab.virsh("setmaxmem", "web", "96M", "--config")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("g")
        terminal.wait("▌ ○ base", "▌ Summary", "as installed")
        terminal.press("]")
        terminal.wait("▌ Config", "from base to now", "-> 96.0 MiB")
        terminal.press("]")
        terminal.wait("▌ History", "No operation of this account's on base")
        terminal.press("]")
        terminal.wait("▌ XML", "<name>base</name>", "<description>as installed</description>")
        terminal.press("down")
        terminal.wait("<name>later</name>", gone="<description>as installed</description>")
        terminal.press("[")
        terminal.wait("▌ History", "No operation of this account's on later")
        terminal.press("d")
        terminal.wait("Delete later of web", "Ready")
        confirm(terminal)
        terminal.wait("Delete later of web: done", gone="○ later")
        terminal.press("left")
        terminal.wait("▌ History", "Delete later of web: done")
        terminal.press("]", "]")
        terminal.wait("▌ Summary", "UUID")
        terminal.resize(100, 30)
        terminal.wait("▌ web", gone="▌ Summary")
        terminal.press("]")
        terminal.wait("Tabs need 120 columns and 18 lines.")


def test_a_tab_goes_on_to_the_domain_when_its_snapshot_is_gone(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "base")
    with Terminal(["-c", lab.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "base")
        terminal.press("[")
        terminal.wait("▌ XML", "<domainsnapshot>")
        lab.virsh("snapshot-delete", "web", "base")
        terminal.press("f5")
        terminal.wait("no snapshots yet", gone="<domainsnapshot>")
        terminal.wait("<domain type=")
