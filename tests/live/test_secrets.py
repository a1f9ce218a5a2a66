"""Nothing secret on the screen, in journal, log or report; no shell; no rights of root needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from snaptui.cli.main import main
from snaptui.common.worker import start
from tests.lab import Lab, qemu_img
from tests.live.test_command_line import says
from tests.sample import sample
from tests.ssh import behind_ssh
from tests.terminal import Terminal, at_snapshots, confirm
from tests.users import NOBODY, OTHER, needs_root

SECRETS = ("vncSECR", "urlSECRET", "jsonSECRET", "uriSECRET")


@pytest.fixture
def state() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "snaptui"


def with_secrets(lab: Lab) -> None:
    """A domain with a password, and images that name what can only be opened with one."""
    lab.define("web")
    xml = lab.xml("web", inactive=True)
    graphics = "<graphics type='vnc' port='-1' autoport='yes' passwd='vncSECR'/></devices>"
    lab.define_xml(xml.replace("</devices>", graphics))
    for name, beneath in (
        ("url", "https://user:urlSECRET@host/a.qcow2"),
        ("json", 'json:{"driver":"https","url":"https://h/","password":"jsonSECRET"}'),
    ):
        path = lab.images / f"{name}.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b", beneath, str(path), "1M")


def files(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text(errors="replace")
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_no_secret_is_shown_or_kept_but_in_the_copies(lab: Lab, state: Path) -> None:
    with_secrets(lab)
    before = os.umask(0)
    try:
        with Terminal(["-c", lab.uri, "web"]) as terminal:
            terminal.wait("no snapshots yet")
            terminal.press("c")
            confirm(terminal)
            terminal.wait("Create a snapshot of web: done", "1 snapshot")
            at_snapshots(terminal, "snap-")
            terminal.press("enter")
            terminal.wait("<domainsnapshot>")
            terminal.press("G")
            terminal.wait("</domainsnapshot>")
            terminal.press("esc")
            terminal.wait("@ now", gone="</domainsnapshot>")
            terminal.press("G", "enter")
            terminal.wait("After", "<domain")
            terminal.press("G")
            terminal.wait("</domain>")
            terminal.press("esc")
            terminal.wait("connected", gone="</domain>")
            at_snapshots(terminal, "snap-")
            terminal.press("d")
            confirm(terminal)
            terminal.wait("done", "no snapshots yet")
            terminal.press("o")
            terminal.wait("XML before", "virsh")
            terminal.press("esc")
            terminal.wait("connected", gone="XML before")
            terminal.press("left", "G")
            terminal.wait("https://host,")
            terminal.press("k")
            terminal.wait("options in JSON (driver https at h)")
            terminal.press("F")
            terminal.wait("File systems")
            terminal.press("esc")
            terminal.wait("connected", gone="File systems")
            terminal.press("q")
            assert terminal.exit_code() == 0
            shown = terminal.raw.decode(errors="replace")
    finally:
        os.umask(before)
    kept = files(state)
    copies = {name: text for name, text in kept.items() if name.startswith("xml/")}
    assert any("vncSECR" in text for text in copies.values()), "what a redefine needs"
    for secret in SECRETS:
        assert secret not in shown
        for name in kept.keys() - copies.keys():
            assert secret not in kept[name], name
    for path in (state, *state.rglob("*")):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), path


def _fault(kind: str) -> int:
    """snaptui with a fault of its own, where a secret is at hand."""
    from snaptui.session import Session

    def fail(xml: str) -> None:
        raise ValueError(f"of {len(xml)} letters: {xml}")

    def look_further(_: Session) -> None:
        secret_xml = "<graphics passwd='vncSECR'/> https://user:urlSECRET@host/"
        if kind == "thread":
            thread = threading.Thread(target=fail, args=(secret_xml,))
            thread.start()
            thread.join()
        fail(secret_xml)

    async def in_a_task(session: Session) -> None:
        look_further(session)

    def start_task(session: Session) -> None:
        start(in_a_task(session))

    wanted = start_task if kind == "task" else look_further
    setattr(Session, "look_further", wanted)  # noqa: B010 - mypy has methods stay
    return main()


@pytest.mark.parametrize("kind", ["task", "widget", "thread"])
def test_a_fault_of_its_own_keeps_no_values_of_variables(
    lab: Lab, state: Path, tmp_path: Path, kind: str
) -> None:
    """Neither of the frames nor in the words of the error; of the URI not even in a key."""
    uri = behind_ssh(lab, tmp_path).replace("root@", "root:uriSECRET@")
    with Terminal(["-c", uri], main=partial(_fault, kind)) as terminal:
        if kind == "task":
            terminal.wait("A fault of snaptui")
            terminal.press("esc")
            terminal.wait("FAULT", gone="A fault of snaptui")
            terminal.press("q")
        assert terminal.exit_code() == 1
        assert b"a fault of its own" in terminal.raw
        told = terminal.raw.decode(errors="replace") + (state / "snaptui.log").read_text()
    assert "ValueError" in told
    assert told.count("in fail") == (2 if kind == "thread" else 1)
    for secret in SECRETS:
        assert secret not in told


def test_no_secret_is_in_a_report(lab: Lab) -> None:
    with_secrets(lab)
    images = [f"{lab.images}/{name}.qcow2" for name in ("url", "json")]
    for words in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "snaptui", "report", "-c", lab.uri, *words, "web", *images],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        for secret in SECRETS:
            assert secret not in done.stdout + done.stderr


def test_the_password_of_a_uri_is_nowhere(lab: Lab, tmp_path: Path, state: Path) -> None:
    lab.define("web")
    uri = behind_ssh(lab, tmp_path).replace("root@", "root:uriSECRET@")
    with Terminal(["-c", uri, "web"]) as terminal:
        terminal.wait("root:***@lab", "no snapshots yet")
        terminal.press("c")
        terminal.wait("virsh -c")
        confirm(terminal)
        terminal.wait("done", "1 snapshot")
        terminal.press("o")
        terminal.wait("XML before", "root:***@lab")
        terminal.press("q", "q")
        assert terminal.exit_code() == 0
        assert b"uriSECRET" not in terminal.raw
    assert all("uriSECRET" not in text for text in files(state).values())
    done = subprocess.run(
        [sys.executable, "-m", "snaptui", "report", "--json", "-c", uri],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, "its images are in no pool"
    assert "root:***@lab" in json.loads(done.stdout)["domains"][0]["uri"]
    assert "uriSECRET" not in done.stdout + done.stderr
    for wrong in ("qemu+ssh://root:uriSECRET@[h/system", "nonsense://root:uriSECRET@h/x"):
        assert "uriSECRET" not in says("-c", wrong)


@pytest.mark.parametrize("name", sample(2, ["\x1b[31mred\x07", "snap\u202egpj", "[red]x[@y]"]))
def test_what_cannot_be_seen_does_not_reach_the_terminal(lab: Lab, name: str) -> None:
    """From a snapshot, managed or not, into lists, details, fields, and errors of the start."""
    lab.define("web")
    qemu_img("snapshot", "-c", name, str(lab.image("web")))
    if "\x1b" not in name:  # which XML cannot hold
        lab.snapshot("web", f"{name}2")
    shown = name.encode("unicode_escape").decode()
    with Terminal(["-c", lab.uri, "web"], size=(80, 24)) as terminal:
        terminal.wait(shown)
        terminal.press("tab", "g", "e")
        terminal.read(0.2)
        terminal.press("esc", "r")
        terminal.read(0.2)
        terminal.press("esc", "enter")
        terminal.wait(shown)
        assert name.encode() not in terminal.raw or (name.isascii() and name.isprintable())
    done = subprocess.run(
        [sys.executable, "-m", "snaptui", "report", "-c", lab.uri, name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"There is no domain {shown}" in done.stderr
    assert done.stderr.strip().isprintable()


def test_names_of_pools_and_volumes_reach_no_terminal_raw(lab: Lab) -> None:
    """A pool, and a file that its owner made in it, with names as XML may hold them."""
    lab.define("web")
    folder = lab.directory / "\u202epool[red]x[@y] $(id)"
    folder.mkdir()
    pool = "\u202ep[b]$(id)"
    lab.virsh("pool-create-as", pool, "dir", "--target", str(folder))
    try:
        beneath = folder / "\u2066base\u200b.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", str(beneath), "1M")
        top = folder / "[red]top\u202e.qcow2"
        qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(beneath), str(top))
        lab.virsh("pool-refresh", pool)
        with Terminal(["-c", lab.uri, "web"], size=(190, 40)) as terminal:
            terminal.wait("no snapshots yet")
            terminal.press("F")
            terminal.wait("File systems", "[red]top\\u202e.qcow2")
            terminal.press("q", "q")
            assert terminal.exit_code() == 0
            shown = terminal.raw.decode()
    finally:
        lab.virsh("pool-destroy", pool)
        shutil.rmtree(folder)
    assert not set("\u202e\u2066\u200b") & set(shown)


_WATCHED = """\
import sys
started = []
def watch(event, what):
    if event in ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"):
        started.append((event, what))
    elif event == "subprocess.Popen":
        started.append((what[0], what[1]))
sys.addaudithook(watch)
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.files import qemu_img
from snaptui.model.files import CopyFormat, EntryCopy
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.model.choices import RunState
from snaptui.model.domain import DomainKey
uri, uuid, path = sys.argv[1:]
name = "$(touch shell-was-here) `id`; -x"
backend = LibvirtBackend(uri); backend.connect(); key = DomainKey(uri, uuid)
backend.create_snapshot(key, NewSnapshot(name, name))
backend.revert(key, name, RunState.RECORDED)
backend.delete_snapshot(key, name)
backend.create_entry(path, name)
entry = backend.image(path).snapshots[0]
backend.apply_entry(path, entry.id)
backend.copy_size(path, entry.id)
backend.extract_entry(EntryCopy(path, entry, path + ".copy", CopyFormat.RAW), lambda _: None)
backend.delete_entry(path, name)
backend._guard.watch(uuid); backend._guard.release(uuid)
import json; print(json.dumps([[str(one), [str(word) for word in all]] for one, all in started]))
"""


def test_nothing_is_given_to_a_shell(lab: Lab) -> None:
    """All that is started, as the interpreter itself sees it (audit hooks)."""
    key = lab.define("web")
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, lab.uri, key.uuid, str(lab.image("web"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    started = json.loads(done.stdout)
    assert len(started) == 6
    for program, words in started:
        assert program in ("qemu-img", sys.executable)
        assert words[0] == program
        assert "-c" not in words[1:2]
    assert not Path("shell-was-here").exists()


def open_to_nobody(lab: Lab) -> Path:
    """Let another user reach the daemon, but not the image of web; gives a HOME of theirs."""
    lab.define("web")
    lab.image("web").chmod(0o600)
    lab.directory.chmod(0o711)
    lab.images.chmod(0o711)
    for directory in (lab.directory / "d", lab.directory / "d" / "run"):
        directory.chmod(0o711)
    (lab.directory / "d" / "run" / "libvirt-sock").chmod(0o777)
    own = lab.directory / "own"
    own.mkdir(exist_ok=True)
    os.chown(own, NOBODY, NOBODY)
    return own


def test_an_ordinary_user_is_told_what_is_missing_and_never_to_be_root(lab: Lab) -> None:
    """With libvirt's leave, but not that to read the images; and with less."""
    own = open_to_nobody(lab)
    environment = {"HOME": str(own), "XDG_STATE_HOME": str(own), "XDG_CONFIG_HOME": str(own)}
    with Terminal(
        ["-c", lab.uri, "web"], module="tests.live.nobody", environment=environment
    ) as terminal:
        terminal.wait("no snapshots yet", "connected")
        terminal.press("c")
        terminal.wait("Not checked", "Permission denied")
        terminal.press("esc")
        terminal.wait("no snapshots yet", gone="Create a snapshot")
        terminal.press("q")
        assert terminal.exit_code() == 0
    with Terminal(
        ["-c", lab.uri, "--read-only", "web"], module="tests.live.nobody", environment=environment
    ) as terminal:
        terminal.wait("READ-ONLY", "no snapshots yet")


@needs_root
@pytest.mark.parametrize("mask", ["0", "077"])
def test_a_member_of_the_group_keeps_what_is_theirs_whatever_the_umask(lab: Lab, mask: str) -> None:
    """Of the group of libvirt's socket; what cannot be checked is confirmed by typing the name."""
    own = open_to_nobody(lab)
    socket = lab.directory / "d" / "run" / "libvirt-sock"
    os.chown(socket, 0, OTHER)
    socket.chmod(0o770)
    environment = {
        "HOME": str(own), "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": "",
        "SNAPTUI_TEST_GROUP": str(OTHER), "SNAPTUI_TEST_UMASK": mask,
    }  # fmt: skip
    try:
        with Terminal(
            ["-c", lab.uri, "web"], module="tests.live.nobody", environment=environment
        ) as terminal:
            terminal.wait("no snapshots yet", "connected")
            terminal.press("c")
            confirm(terminal)
            terminal.wait("Create a snapshot of web: done", "1 snapshot")
            terminal.press("q")
            assert terminal.exit_code() == 0
        kept = [own / ".local", *(own / ".local").rglob("*")]
        assert {path.name for path in kept} >= {
            "state",
            "snaptui",
            "journal",
            "xml",
            "snaptui.log",
        }
        for path in kept:
            found = path.stat()
            assert found.st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
            assert found.st_uid == NOBODY
    finally:
        shutil.rmtree(own)


@needs_root
@pytest.mark.parametrize("root", [True, False], ids=["root", "nobody"])
def test_in_the_home_of_another_user_nothing_is_written_and_it_is_said(
    lab: Lab, root: bool
) -> None:
    """As after sudo -E, or in a HOME that was kept."""
    own = open_to_nobody(lab)
    os.chown(own, OTHER, OTHER)
    own.chmod(0o755)
    environment = {"HOME": str(own), "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}
    module = "snaptui" if root else "tests.live.nobody"
    try:
        with Terminal(["-c", lab.uri, "web"], module=module, environment=environment) as terminal:
            terminal.wait("belongs to another user. Only deletes are possible.")
            terminal.press("c")
            terminal.wait("Create a snapshot of web", "After an interruption snaptui")
            terminal.press("esc")
            terminal.wait("no snapshots yet", gone="Create a snapshot")
            terminal.press("q")
            assert terminal.exit_code() == 0
        assert list(own.iterdir()) == []
    finally:
        shutil.rmtree(own)
