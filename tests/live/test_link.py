"""A host that refuses is shown so, with why, and is not asked again and again."""

from __future__ import annotations

from pathlib import Path

from tests.lab import Lab
from tests.ssh import behind_ssh
from tests.terminal import Terminal


def test_a_host_that_refuses_after_a_restart_is_shown_so_and_asked_only_by_hand(
    own_lab: Lab, tmp_path: Path
) -> None:
    own_lab.define("web")
    uri = behind_ssh(own_lab, tmp_path)
    conf = own_lab.directory / "d" / "etc" / "libvirtd.conf"
    before = conf.read_text()
    with Terminal(["-c", uri]) as terminal:
        terminal.wait("connected", "web")
        own_lab.daemon.kill()
        conf.write_text(before.replace('auth_unix_rw = "none"', 'auth_unix_rw = "sasl"'))
        own_lab.daemon.restart()
        terminal.wait("refused", "S tries again", "refused: ", "authentication")
        asked = (tmp_path / "asked").stat().st_size
        terminal.press("c")
        terminal.wait("Not now: refused.")
        own_lab.daemon.kill()
        conf.write_text(before)
        own_lab.daemon.restart()
        terminal.rest(3)
        assert (tmp_path / "asked").stat().st_size == asked, "nothing asks by itself"
        terminal.press("S")
        terminal.wait("connected", "web", gone="S tries again")
