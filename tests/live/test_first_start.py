"""The first start: each time one clear thing to do, and nothing written when it fails."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from snaptui.demo import setups
from tests.conftest import one_lab
from tests.lab import Lab
from tests.live.test_command_line import says
from tests.terminal import Terminal

SIZES = [(80, 24), (120, 40)]

BINDING = """\
raise ModuleNotFoundError("No module named 'libvirtmod'", name="libvirtmod")
"""


def everything(directory: Path) -> dict[str, bytes | None]:
    """All files with their content, and all directories."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
        for path in directory.rglob("*")
    }


def test_a_missing_binding_is_said_with_the_package_to_install(tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").write_text(BINDING)
    said = says("-c", "qemu:///system", PYTHONPATH=str(tmp_path))
    assert said.startswith("snaptui: libvirt's Python binding is missing: ")
    assert "Install python3-libvirt" in said
    assert "pipx install --python /usr/bin/python3 --system-site-packages" in said


def test_a_fault_of_another_import_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").write_text("import there_is_no_such_module")
    environment = {"PYTHONPATH": str(tmp_path)}
    with Terminal(["-c", "qemu:///system"], environment=environment) as terminal:
        assert terminal.exit_code() == 1
        assert b"there_is_no_such_module" in terminal.raw


@pytest.mark.parametrize("there", [False, True], ids=["first start", "later start"])
def test_a_start_that_fails_changes_no_file(tmp_path: Path, there: bool) -> None:
    """A refused connection leaves configuration and state as they are: also when not there."""
    if there:
        (tmp_path / "config" / "snaptui").mkdir(parents=True, exist_ok=True)
        (tmp_path / "config" / "snaptui" / "config.toml").write_text('theme = "light"\n')
        (tmp_path / "state" / "snaptui" / "journal").mkdir(parents=True)
        (tmp_path / "state" / "snaptui" / "snaptui.log").write_text("what was said before\n")
        (tmp_path / "state" / "snaptui" / "journal" / "old").write_text("of an earlier run\n")
    home = tmp_path / "home"
    home.mkdir()
    before = everything(tmp_path)
    said = says("-c", f"qemu+unix:///system?socket={tmp_path}/none", HOME=str(home))
    assert "libvirt does not run at" in said
    assert "systemctl start libvirtd" in said
    assert everything(tmp_path) == before


def test_a_start_as_somebody_who_may_not_changes_no_file(lab: Lab) -> None:
    """An ordinary user in front of root's socket, with directories of his own."""
    socket = lab.directory / "d" / "run" / "libvirt-sock"
    mode = socket.stat().st_mode
    socket.chmod(0o700)
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        own = Path(directory)
        own.chmod(0o777)
        try:
            said = says(
                "-c",
                lab.uri,
                module="tests.live.nobody",
                HOME=directory,
                XDG_CONFIG_HOME=directory,
                XDG_STATE_HOME=directory,
            )
        finally:
            socket.chmod(mode)
        assert "denies access" in said
        assert "join the group libvirt" in said
        assert everything(own) == {}


def test_a_configuration_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    """Not taken for one that is not there: it may say read_only."""
    said = says("-c", "test:///default", module="tests.live.nobody")
    assert said.replace(" ", "").startswith(f"snaptui:{tmp_path}/config/snaptui/config.toml:")
    assert "Permissiondenied" in said.replace(" ", "")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_host_without_domains_says_what_to_do(lab: Lab, size: tuple[int, int]) -> None:
    with Terminal(["-c", lab.uri], size=size) as terminal:
        terminal.wait("connected", "This host has no domains. Define one, or open another host")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_domain_without_snapshots_says_what_to_do(lab: Lab, size: tuple[int, int]) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"], size=size) as terminal:
        terminal.wait("web  shut off  no snapshots yet: c takes one")
        terminal.press("c")
        terminal.wait("Create a snapshot of web")
    with Terminal(["-c", lab.uri, "--read-only", "web"], size=size) as terminal:
        terminal.wait("web  shut off  no snapshots yet", "READ-ONLY")
        assert "takes one" not in terminal.text


def test_a_daemon_that_does_not_answer_is_said_and_can_be_left(own_lab: Lab) -> None:
    """A call into libvirt cannot be interrupted; who waits for it can."""
    own_lab.define("web")
    own_lab.daemon.pause()
    try:
        with Terminal(["-c", own_lab.uri]) as terminal:
            terminal.wait("does not answer. Still waiting")
            terminal.signal(signal.SIGINT)
            assert terminal.exit_code(5) == 130
        with Terminal(["-c", own_lab.uri]) as terminal:
            terminal.wait("does not answer")
            own_lab.daemon.resume()
            terminal.wait("connected", "web")
    finally:
        own_lab.daemon.resume()


def test_what_is_typed_before_there_is_a_screen_is_not_shown_and_does_nothing(
    own_lab: Lab,
) -> None:
    """Neither on the terminal, nor as keys of the screen that comes, nor in the shell after it."""
    own_lab.define("web")
    own_lab.snapshot("web", "a")
    own_lab.daemon.pause()
    try:
        with Terminal(["-c", own_lab.uri, "web"]) as terminal:
            terminal.wait("does not answer")
            terminal.type_ahead("enter", "g", "dYzq")
            own_lab.daemon.resume()
            terminal.wait("connected", "@ now")
            assert b"zq" not in terminal.raw
            assert b"Y" not in terminal.raw.partition(b"\x1b[?1049h")[0]
            terminal.press("?")
            terminal.wait("Help")
            assert terminal.process.poll() is None
            terminal.press("q", "q")
            assert terminal.exit_code() == 0
            assert terminal.restored
        assert own_lab.snapshots("web") == ["a"]
        own_lab.daemon.pause()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with Terminal(["-c", own_lab.uri]) as terminal:
                terminal.wait("does not answer")
                terminal.type_ahead("reboot", "enter")
                # the kernel hands on what was typed when it has time to
                terminal.until(lambda: terminal.typed == len("reboot\n"), "what was typed")
                terminal.signal(number)
                assert terminal.exit_code(5) in (130, -number)
                assert terminal.restored
                assert terminal.typed == 0
                assert b"reboot" not in terminal.raw
    finally:
        own_lab.daemon.resume()


def test_a_host_that_answers_is_not_said_to_be_silent() -> None:
    """libvirt runs its QEMU to know it, which takes seconds; virsh lists domains meanwhile."""
    real = shutil.which("qemu-system-x86_64")
    assert real is not None
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir="/tmp") as folder:
        held = Path(folder, "held")
        held.touch()
        slow = Path(folder, "qemu-system-x86_64")
        waits = f"while [ -e {held} ]; do sleep 0.05; done"
        slow.write_text(f'#!/bin/sh\n{waits}\nexec {real} "$@"\n')
        slow.chmod(0o755)
        for lab in _with_first_in_its_path(folder):
            with Terminal(["-c", lab.uri]) as terminal:
                terminal.wait("answers, but does not yet say")
                assert lab.virsh("list", "--all").strip() == ""
                assert "does not answer" not in terminal.text
                held.unlink()
                terminal.wait("connected", "This host has no domains")


def _with_first_in_its_path(folder: str) -> Iterator[Lab]:
    search = setups.SEARCH
    setups.SEARCH = f"{folder}:{search}"
    try:
        yield from one_lab()
    finally:
        setups.SEARCH = search
