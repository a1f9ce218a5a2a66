"""Starting: what the terminal says when it cannot, and what it does when it can."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import snaptui
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.cli import main as cli
from snaptui.cli.main import main
from snaptui.common.worker import start
from snaptui.model.domain import Domain
from tests.lab import Lab
from tests.terminal import Terminal


def says(*arguments: str, code: int = 2, module: str = "snaptui", **environment: str) -> str:
    """The one line with which it gives up."""
    with Terminal(arguments, environment=environment, module=module) as terminal:
        assert terminal.exit_code() == code
        assert b"Traceback" not in terminal.raw
        assert b"\x1b[?1049h" not in terminal.raw, "it must not take the screen first"
        return " ".join(terminal.text.split())


def test_no_libvirt_is_said_in_one_sentence(tmp_path: Path) -> None:
    said = says("-c", f"qemu+unix:///system?socket={tmp_path}/none")
    assert said.startswith("snaptui: libvirt does not run at")
    assert "systemctl start libvirtd" in said


@pytest.mark.parametrize("uri", ["::", "nonsense://x", "qemu+ssh://[host/system"])
def test_a_wrong_uri_is_said(uri: str) -> None:
    said = says("-c", uri)
    assert said.startswith("snaptui: ")
    assert uri in said
    assert "-c" in said or "qemu+ssh://root@HOST/system" in said


def test_no_driver_at_the_host_is_said(lab: Lab) -> None:
    said = says("-c", lab.uri.replace("qemu+unix:///system", "xen+unix:///system"))
    assert "no connection driver" in said


def test_no_permission_is_said(lab: Lab, tmp_path: Path) -> None:
    """An ordinary user in front of root's socket."""
    socket = lab.directory / "d" / "run" / "libvirt-sock"
    code = (
        "import os, sys; from snaptui.common.errors import NotPermitted;"
        "from snaptui.backend.virt.backend import LibvirtBackend;"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: LibvirtBackend(sys.argv[1]).connect()\n"
        "except NotPermitted as e: print(e.message, e.hint)"
    )
    mode = socket.stat().st_mode
    socket.chmod(0o700)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, lab.uri], capture_output=True, text=True, check=True
        )
    finally:
        socket.chmod(mode)
    assert "denies access" in done.stdout
    assert "join the group libvirt" in done.stdout


def test_a_mistake_in_the_configuration_names_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[keys]\ndelete = 'c'\n")
    said = says("--config", str(path))
    assert str(path) in said.replace(" ", "")
    assert "delete" in said
    assert path.read_text() == "[keys]\ndelete = 'c'\n"


def test_without_a_terminal_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "snaptui"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr


def test_version() -> None:
    assert says("--version", code=0) == f"snaptui {snaptui.__version__}"


def test_libvirts_default_host_is_the_default(lab: Lab) -> None:
    lab.define("web")
    with Terminal([], environment={"LIBVIRT_DEFAULT_URI": lab.uri}) as terminal:
        terminal.wait("connected", "web")
        terminal.press("q")
        assert terminal.exit_code() == 0


def test_it_opens_with_the_named_domain_selected(lab: Lab) -> None:
    lab.define("aaa")
    key = lab.define("web")
    for named in ("web", key.uuid):
        with Terminal(["-c", lab.uri, named]) as terminal:
            terminal.wait("▌ web")


def test_a_word_that_is_nearly_a_command_and_names_nothing_is_asked_about(lab: Lab) -> None:
    lab.define("chekc")
    said = says("-c", lab.uri, "reprot")
    assert said == "snaptui: No domain or file 'reprot'. Did you mean the command 'report'?"
    assert "the command 'report'?" in says("-c", lab.uri, "reports", "chekc")
    assert "the command 'check'?" in says("-c", lab.uri, "chek", "--prometheus", "/x")
    with Terminal(["-c", lab.uri, "chekc"]) as terminal:
        terminal.wait("▌ chekc")


def test_what_libraries_print_goes_to_the_log(lab: Lab, tmp_path: Path) -> None:
    with Terminal(["-c", lab.uri]) as terminal:
        terminal.wait("connected")
        fd = os.readlink(f"/proc/{terminal.process.pid}/fd/2")
        terminal.press("q")
        terminal.exit_code()
    assert fd == str(tmp_path / "state" / "snaptui" / "snaptui.log")


def test_a_host_without_qemu_is_told_so(own_lab: Lab) -> None:
    """The daemon runs, but its QEMUs are hidden from it."""
    pid = own_lab.daemon.pid
    for path in (*Path("/usr/bin").glob("qemu-system-*"), Path("/usr/bin/kvm")):
        if path.exists():
            enter = ["nsenter", "--target", str(pid), "--mount", "--root"]
            subprocess.run([*enter, "mount", "--bind", "/dev/null", str(path)], check=True)
    own_lab.daemon.kill()
    own_lab.daemon.restart()
    said = says("-c", own_lab.uri)
    assert "has no QEMU" in said
    assert "Install it there" in said


def faulty() -> int:
    """snaptui with a fault: a task that nobody awaits fails."""
    from snaptui.session import Session

    async def fail() -> None:
        raise ZeroDivisionError

    def look_further(_: Session) -> None:
        start(fail())

    setattr(Session, "look_further", look_further)  # noqa: B010 - mypy has methods stay
    return main()


def test_a_fault_of_its_own_is_said_and_logged(lab: Lab, tmp_path: Path) -> None:
    """It is shown, and the program lives on; how it ends tells it to whoever started it."""
    lab.define("web")
    with Terminal(["-c", lab.uri], main=faulty) as terminal:
        terminal.wait("A fault of snaptui", "ZeroDivisionError", "snaptui.log")
        terminal.press("esc")
        terminal.wait("FAULT", "web", gone="A fault of snaptui")
        terminal.press("q")
        assert terminal.exit_code() == 1
        assert b"snaptui: a fault of its own; " in terminal.raw
    assert "ZeroDivisionError" in (tmp_path / "state" / "snaptui" / "snaptui.log").read_text()


def slow_to_list() -> int:
    """snaptui on a host whose list comes late, where a file is called like a domain."""
    real, gone_on = LibvirtBackend.domains, threading.Event()

    def domains(backend: LibvirtBackend) -> tuple[Domain, ...]:
        if threading.current_thread() is not threading.main_thread() and not gone_on.is_set():
            gone_on.wait(1.0)
            gone_on.set()
        return real(backend)

    os.chdir(os.environ["XDG_CONFIG_HOME"])
    Path("web").touch()
    cli.PATIENCE = 0.05
    setattr(LibvirtBackend, "domains", domains)  # noqa: B010 - mypy has methods stay
    return main()


def test_a_name_is_a_domain_as_long_as_none_are_listed(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(exist_ok=True)
    lab.define("aaa")
    lab.define("web")
    with Terminal(["-c", lab.uri, "web"], main=slow_to_list) as terminal:
        terminal.wait("▌ web", "aaa", "web  shut off")
