"""Links to hosts far away: one that refuses, and one that takes its time."""

from __future__ import annotations

import re
from pathlib import Path

from tests.lab import Lab
from tests.link import SlowLink
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots

_REFUSES = """\
#!/bin/sh
printf . >>"${0%/*}/asked"
socket=/var/run/libvirt/libvirt-sock
echo "virt-ssh-helper: cannot connect to '$socket': Failed to connect socket to '$socket':" \
    "Permission denied" >&2
"""
"""What libvirt's helper says to a user who may not use the socket (9.0)."""


def test_a_host_that_refuses_after_a_restart_is_shown_so_and_asked_only_by_hand(
    own_lab: Lab, tmp_path: Path
) -> None:
    own_lab.define("web")
    uri = behind_ssh(own_lab, tmp_path)
    ssh = tmp_path / "ssh"
    before = ssh.read_text()
    with Terminal(["-c", uri]) as terminal:
        terminal.wait("connected", "web")
        ssh.write_text(_REFUSES)
        own_lab.daemon.kill()
        own_lab.daemon.restart()
        terminal.wait("refused", "S tries again", "refused: ", "denies access")
        asked = (tmp_path / "asked").stat().st_size
        terminal.press("c")
        terminal.wait("Not now: refused.")
        ssh.write_text(before)
        terminal.rest(3)
        assert (tmp_path / "asked").stat().st_size == asked, "nothing asks by itself"
        terminal.press("S")
        terminal.wait("connected", "web", gone="S tries again")


def test_a_dialog_says_how_far_its_reading_is(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    for number in range(4):
        lab.snapshot("web", f"s{number}")
    link = SlowLink(lab, tmp_path, 0.4)
    with Terminal(["-c", link.uri, "web"]) as terminal:
        at_snapshots(terminal, "s3")
        terminal.press("r")
        terminal.until(
            lambda: re.search(r"asked \d+ of [1-9]\d*", terminal.text) is not None, "progress"
        )
        terminal.wait("Ready, ", gone="asked ")
    link.close()
