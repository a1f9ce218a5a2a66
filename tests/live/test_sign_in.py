"""A host behind ssh that asks for a password: before the screen is taken, and again later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import Lab
from tests.ssh import behind_ssh
from tests.terminal import Terminal


def remote(lab: Lab, directory: Path) -> str:
    return behind_ssh(lab, directory, "secret")


@contextmanager
def signed_in(lab: Lab, directory: Path) -> Iterator[Terminal]:
    """The program after its password was asked for and taken."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", remote(lab, directory), "web"]) as terminal:
        terminal.wait("password:")
        assert b"\x1b[?1049h" not in terminal.raw
        terminal.press("secret\r")
        terminal.wait("connected", "@ now")
        yield terminal


def restarted(lab: Lab, terminal: Terminal) -> None:
    """Let the connection be lost."""
    lab.daemon.kill()
    lab.daemon.restart()
    terminal.wait("sign-in needed", seconds=30)


def test_a_password_is_asked_for_before_and_after_but_never_over_the_screen(
    own_lab: Lab, tmp_path: Path
) -> None:
    with signed_in(own_lab, tmp_path) as terminal:
        assert "password:" not in terminal.text
        restarted(own_lab, terminal)
        terminal.press("S")
        terminal.wait("password:")
        terminal.press("secret\r")
        terminal.wait("connected", "@ now")


def test_ctrl_c_at_the_question_of_ssh_leads_back(own_lab: Lab, tmp_path: Path) -> None:
    with signed_in(own_lab, tmp_path) as terminal:
        restarted(own_lab, terminal)
        terminal.press("S")
        terminal.wait("password:")
        terminal.press("\x03")
        terminal.wait("Not connected", "cannot be opened")
        terminal.press("esc")
        terminal.wait("sign-in needed", gone="Not connected")
        terminal.press("S")
        terminal.wait("password:")
        terminal.press("secret\r")
        terminal.wait("connected", "@ now")


def test_a_wrong_password_ends_with_one_sentence(lab: Lab, tmp_path: Path) -> None:
    with Terminal(["-c", remote(lab, tmp_path)]) as terminal:
        terminal.wait("password:")
        terminal.press("wrong\r")
        assert terminal.exit_code() == 2
        said = terminal.text.replace("\n", "")
        # libvirt tells what ssh says where it reads that before it sees ssh's end
        refused = "denies access" in said and "Permission denied" in said
        assert refused or ("cannot be opened" in said and "reset by peer" in said), said
        assert "Traceback" not in terminal.text


def test_the_images_of_a_remote_host_are_not_read_here(lab: Lab, tmp_path: Path) -> None:
    """The paths exist on this machine, and are still not looked at."""
    lab.define("web")
    lab.snapshot("web", "one")
    with Terminal(["-c", remote(lab, tmp_path), "web"]) as terminal:
        terminal.wait("password:")
        terminal.press("secret\r")
        terminal.wait("connected", "@ now", "one")
        terminal.press("g", "r")
        terminal.wait("Not checked", "in no active storage pool", "to allow it, press Y")
