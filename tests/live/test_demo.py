"""The demo: a real world of its own, as root and as an ordinary user, and nothing left of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from snaptui.demo.setups import PACKAGES
from tests import stacks
from tests.lab import Lab, entries
from tests.live.test_command_line import says
from tests.sample import sample
from tests.terminal import PATIENCE, Terminal, at_snapshots, confirm

ROOT = Path(__file__).parent.parent.parent
DOMAINS = ("build", "db01", "files", "mail", "web01")
HOST = (
    "/var/lib/libvirt",
    "/etc/libvirt",
    "/run/libvirt",
    "/var/log/libvirt",
    "/var/cache/libvirt",
)
USER = 65534

_AS_USER = """\
mount --bind "$1" "$3/checkout" && mount --bind "$2" "$3/python" && cd "$3/home" || exit 1
place=$3 python=$4 user=$5
shift 5
exec setpriv --reuid "$user" --regid "$user" --clear-groups env \\
    HOME="$place/home" XDG_CONFIG_HOME="$place/home/.config" XDG_RUNTIME_DIR="$place/home/run" \\
    XDG_STATE_HOME="$place/home/.local/state" PYTHONPATH="$place/checkout" "$python" "$@"
"""
"""A home of root's is closed to others: checkout and Python are shown to the user elsewhere."""


class Place:
    """A temporary directory for demos.

    Attributes:
        python: how to call Python there.
    """

    def __init__(self, directory: Path, *, user: bool) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir()
        self.python: tuple[str, ...] = (sys.executable,)
        if user:
            self._let_in()

    def _let_in(self) -> None:
        os.chown(self.home, USER, USER)
        for name in ("checkout", "python"):
            (self.directory / name).mkdir()
        own = sys.prefix != sys.base_prefix
        python = f"{self.directory}/python/bin/python" if own else sys.executable
        prefix = sys.prefix if own else str(ROOT)
        apart = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _AS_USER, "sh")
        words = (str(ROOT), prefix, str(self.directory), python, str(USER))
        self.python = (*apart, *words)
        loads = [*self.python, "-c", "import snaptui.cli.main, textual, libvirt"]
        done = subprocess.run(loads, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"another user cannot run this Python: {done.stderr}")

    def demo(self, *arguments: str) -> Terminal:
        """The program on a demo here."""
        here = {"TMPDIR": str(self.directory), "HOME": str(self.home)}
        return Terminal(["--demo", *arguments], environment=here, python=self.python)

    @property
    def demos(self) -> list[Path]:
        return sorted(self.directory.glob("snaptui-demo-*"))

    @property
    def uri(self) -> str:
        """The one demo's."""
        (socket,) = self.directory.glob("snaptui-demo-*/d/*/libvirt-sock")
        kind = "system" if socket.parent.name == "run" else "session"
        return f"qemu+unix:///{kind}?socket={socket}"

    def virsh(self, *words: str) -> str:
        done = ["virsh", "-q", "-c", self.uri, *words]
        return subprocess.run(done, capture_output=True, text=True, check=True).stdout.strip()

    def processes(self, of: str = "") -> list[str]:
        """The command lines of all that runs for demos here; zombies have none."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if f"{self.directory}/snaptui-demo-{of}" in words:
                found.append(words)
        return found

    def assert_nothing_left(self) -> None:
        assert self.processes() == []
        assert self.demos == []
        assert listing(self.home) == []


def listing(*directories: str | Path) -> list[tuple[str, int, int]]:
    """All paths below, with size and time."""
    paths = (path for directory in directories for path in Path(directory).rglob("*"))
    return sorted((str(p), p.lstat().st_size, p.lstat().st_mtime_ns) for p in paths)


def gone(place: Place, of: Path) -> None:
    """Wait until nothing of a demo runs any more."""
    end = time.monotonic() + PATIENCE
    while running := place.processes(of.name.removeprefix("snaptui-demo-")):
        assert time.monotonic() < end, running
        time.sleep(0.01)


@pytest.fixture
def _root(_shared_lab: Lab) -> None:
    """Skips where there cannot be a daemon."""


def new_place(*, user: bool) -> Iterator[Place]:
    directory = Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"))
    directory.chmod(0o1777)
    try:
        yield Place(directory, user=user)
    finally:
        shutil.rmtree(directory)


@pytest.fixture(params=[pytest.param("root", marks=pytest.mark.long), "user"])
def place(request: pytest.FixtureRequest, _root: None) -> Iterator[Place]:
    yield from new_place(user=request.param == "user")


@pytest.fixture
def root_place(_root: None) -> Iterator[Place]:
    yield from new_place(user=False)


def test_it_says_that_it_is_the_demo_and_leaves_nothing(place: Place, tmp_path: Path) -> None:
    before = listing(*HOST)
    with place.demo() as terminal:
        terminal.wait("Building the demo:")
        first = terminal.wait("connected", *DOMAINS).splitlines()[0]
        assert "DEMO" in first
        assert "qemu+unix" not in first
        assert len(place.processes()) >= 4, "a daemon and three guests"
        assert [path.stat().st_mode & 0o777 for path in place.demos] == [0o700]
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert terminal.restored
    place.assert_nothing_left()
    assert listing(*HOST) == before
    assert not (tmp_path / "state").exists(), "its journal and log are its own"


def test_the_virsh_lines_of_its_dialogs_can_be_pasted(place: Place) -> None:
    with place.demo("web01") as terminal:
        terminal.wait("connected", "experiment")
        terminal.press("c")
        terminal.wait("Ready, ", "virsh -c")
        terminal.until(
            lambda: place.uri in terminal.dialog.replace(" ", ""), "the URI in the virsh line"
        )
    gone(place, place.demos[0])


@pytest.mark.parametrize("number", sample(1, [signal.SIGTERM, signal.SIGHUP]))
def test_a_signal_ends_it_and_leaves_nothing(root_place: Place, number: signal.Signals) -> None:
    with root_place.demo() as terminal:
        terminal.wait("connected", *DOMAINS)
        terminal.signal(number)
        assert terminal.exit_code() == 128 + number
        assert terminal.restored
    root_place.assert_nothing_left()


@pytest.mark.parametrize(
    ("number", "code"),
    sample(1, [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]),
)
def test_a_signal_while_it_is_built_leaves_nothing(
    place: Place, number: signal.Signals, code: int
) -> None:
    with place.demo() as terminal:
        terminal.until(lambda: any("qemu" in p for p in place.processes()), "the first guest", 40)
        terminal.signal(number)
        assert terminal.exit_code() == code
        assert b"Traceback" not in terminal.raw
    place.assert_nothing_left()


def test_what_a_killed_one_leaves_ends_by_itself_and_the_next_removes_it(place: Place) -> None:
    with place.demo() as terminal:
        terminal.wait("connected", *DOMAINS)
        (killed,) = place.demos
        terminal.signal(signal.SIGKILL)
        assert terminal.exit_code() == -signal.SIGKILL
    gone(place, killed)
    assert killed.is_dir()
    with place.demo() as terminal:
        terminal.wait("connected", *DOMAINS)
        assert not killed.exists()
        assert len(place.demos) == 1
        terminal.press("q")
        assert terminal.exit_code() == 0
    place.assert_nothing_left()


@pytest.mark.long
def test_two_demos_do_not_disturb_each_other(root_place: Place) -> None:
    with root_place.demo() as first, root_place.demo() as second:
        for terminal in (first, second):
            terminal.wait("connected", *DOMAINS)
        assert len(root_place.demos) == 2
        first.press("q")
        assert first.exit_code() == 0
        assert len(root_place.demos) == 1
        second.press("q")
        assert second.exit_code() == 0
    root_place.assert_nothing_left()


@pytest.mark.long
def test_a_revert_with_the_keys_and_its_undo(place: Place) -> None:
    with place.demo("web01") as terminal:
        terminal.wait("connected")
        at_snapshots(terminal, "pre-upgrade", "experiment")
        terminal.press("j", "r")
        terminal.wait("Revert web01 to pre-upgrade", "Undo: yes, disks and RAM")
        confirm(terminal)
        terminal.wait("Revert web01 to pre-upgrade: done")
        assert place.virsh("snapshot-current", "web01", "--name") == "pre-upgrade"
        assert place.virsh("domstate", "web01") == "running"
        assert list(place.demos[0].glob("state/snaptui/journal/*.jsonl"))
        terminal.press("q")
        assert terminal.exit_code() == 0
    place.assert_nothing_left()


def test_what_it_builds(place: Place) -> None:
    """By virsh and qemu-img, which know nothing of the demo."""
    with place.demo() as terminal:
        terminal.wait("connected", *DOMAINS)
        (directory,) = place.demos
        images = directory / "images"
        assert sorted(place.virsh("list", "--all", "--name").split()) == list(DOMAINS)
        states = {name: place.virsh("domstate", name) for name in DOMAINS}
        assert states == {
            "build": "shut off", "db01": "running", "files": "shut off", "mail": "paused",
            "web01": "running",
        }  # fmt: skip

        web = {name: snapshot(place, "web01", name) for name in names(place, "web01")}
        assert {name: xml.findtext("parent/name") for name, xml in web.items()} == {
            "base": None, "pre-upgrade": "base", "post-upgrade": "pre-upgrade",
            "experiment": "pre-upgrade",
        }  # fmt: skip
        assert place.virsh("snapshot-current", "web01", "--name") == "post-upgrade"
        memory = web["post-upgrade"].find("memory")
        assert memory is not None
        assert memory.get("snapshot") == "internal"
        days = {name: age_in_days(xml) for name, xml in web.items()}
        assert 89 < days["base"] < 91
        assert 3 < days["pre-upgrade"] < 4
        assert days["pre-upgrade"] > days["post-upgrade"] > days["experiment"] > 0

        assert len(place.virsh("domblklist", "db01").splitlines()) == 2
        for target in ("vda", "vdb"):
            held = [name for _, name in entries(images / f"db01-{target}.qcow2")]
            assert held == ["base", "before-migration"]

        overlay = place.virsh("domblklist", "mail").split()[1]
        assert overlay == str(images / "mail-vda.before-dkim.qcow2")
        disk = snapshot(place, "mail", "before-dkim").find("disks/disk")
        assert disk is not None
        assert disk.get("snapshot") == "external"

        held = [name for _, name in entries(images / "files-vda.qcow2")]
        assert [name for name in held if name not in names(place, "files")] == [
            "by-hand-before-quota"
        ]
        assert names(place, "build") == []
        grown = sum(path.stat().st_blocks * 512 for path in images.iterdir())
        assert 30 << 20 < grown < 80 << 20


def names(place: Place, domain: str) -> list[str]:
    return place.virsh("snapshot-list", domain, "--name").split()


def snapshot(place: Place, domain: str, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(place.virsh("snapshot-dumpxml", domain, name))


def age_in_days(xml: ElementTree.Element) -> float:
    return (time.time() - int(xml.findtext("creationTime") or 0)) / 86400


def test_it_takes_no_other_host() -> None:
    said = says("--demo", "-c", "qemu:///system")
    assert said == "snaptui: --demo makes a host of its own: leave out -c."


def test_the_configured_host_is_left_alone(root_place: Place, tmp_path: Path) -> None:
    """Its other settings hold."""
    config = tmp_path / "c.toml"
    config.write_text("uri = 'qemu+ssh://root@nowhere.invalid/system'\n[keys]\nleave = 'm'\n")
    with root_place.demo("--config", str(config)) as terminal:
        terminal.wait("connected", *DOMAINS)
        terminal.press("m")
        assert terminal.exit_code() == 0
    root_place.assert_nothing_left()


def test_what_is_missing_is_said_with_the_line_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "apt-get").symlink_to("/usr/bin/apt-get")
    said = says("--demo", PATH=str(tmp_path))
    line = f"apt-get install {PACKAGES['apt-get']}"
    wanted = f"snaptui: qemu-system-x86_64 is not installed. Run as root: {line}"
    assert said.replace(" ", "") == wanted.replace(" ", ""), "the terminal broke the line somewhere"


def test_namespaces_that_are_refused_are_told(root_place: Place) -> None:
    """As in a container without the right to make them."""
    without = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    root_place.python = (*without, sys.executable)
    with root_place.demo() as terminal:
        assert terminal.exit_code() == 2
        said = terminal.text.replace("\n", "")
    assert "The private libvirtd does not run: unshare:" in said
    assert "Start it as an ordinary user: that takes no namespaces." in said
    root_place.assert_nothing_left()


def test_a_missing_driver_is_told_with_the_line_that_installs_it(root_place: Place) -> None:
    (drivers,) = {path.parent for path in Path("/usr").glob("lib*/**/libvirt_driver_qemu.so")}
    hide = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    apart = ("unshare", "--mount", "--propagation", "private", "sh", "-c", hide, "sh")
    root_place.python = (*apart, str(root_place.home), str(drivers), sys.executable)
    with root_place.demo() as terminal:
        assert terminal.exit_code() == 2
        said = terminal.text.replace("\n", "")
    assert "libvirt's QEMU driver cannot be used: " in said
    assert "Run as root: " in said
    assert "libvirt-daemon-driver-qemu" in said
    root_place.assert_nothing_left()


def test_a_users_daemon_can_be_killed_paused_and_restarted() -> None:
    """As the tests do with root's."""
    code = """if True:
        import sys, libvirt
        from pathlib import Path
        from snaptui.demo.daemon import Daemon
        from snaptui.demo.guest import Guest
        for name in ("d", "images"): Path(name).mkdir()
        daemon = Daemon(Path("d").absolute())
        first = daemon.pid
        guest = Guest(libvirt.open(daemon.uri), Path("images").absolute(), "web")
        guest.define("", {"vda": 1})
        guest.start()
        daemon.kill()
        assert daemon.pid is None
        daemon.restart()
        assert daemon.pid not in (None, first)
        domain = libvirt.open(daemon.uri).lookupByName("web")
        assert domain.isActive(), "its QEMU must have gone on"
        daemon.pause()
        while " T " not in Path(f"/proc/{daemon.pid}/stat").read_text(): continue
        daemon.resume()
        assert domain.isActive()
        assert list(daemon.capabilities.iterdir())
        qemu = Path("d/runtime/libvirt/qemu/run/web.pid").read_text()
        daemon.stop()
        for pid in (daemon.pid, qemu):
            assert not Path(f"/proc/{pid}").exists()
        print("well")
    """
    for place in new_place(user=True):
        done = subprocess.run(
            [*place.python, "-c", code], capture_output=True, text=True, timeout=60
        )
        assert (done.stdout, done.returncode) == ("well\n", 0), done.stderr


def test_a_session_on_a_real_host_never_loads_the_demo(lab: Lab, tmp_path: Path) -> None:
    lab.define("web")
    with Terminal(["-c", lab.uri], environment={"PYTHONPROFILEIMPORTTIME": "1"}) as terminal:
        terminal.wait("connected", "web")
        terminal.press("c")
        terminal.wait("Ready, ")
        terminal.press("esc")
        terminal.wait(gone="Ready, ")
        terminal.press("q")
        assert terminal.exit_code() == 0
        log = (tmp_path / "state" / "snaptui" / "snaptui.log").read_bytes()
        assert b"snaptui.ui.app" in terminal.raw + log
        assert b"snaptui.demo" not in terminal.raw + log


IN_A_CHROOT = """
import subprocess, tempfile
from pathlib import Path
from snaptui.demo.daemon import Daemon

mounts = Path("/proc/self/mountinfo").read_text()
assert not any(line.split()[4] == "/" for line in mounts.splitlines())
daemon = Daemon(Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp")))
print(subprocess.check_output(["virsh", "-c", daemon.uri, "version", "--daemon"], text=True))
daemon.stop()
assert Path("/proc/self/mountinfo").read_text() == mounts
"""


def test_it_starts_in_a_root_that_is_no_mount() -> None:
    """A chroot's, as builds and rescues have; no mount stays behind."""
    if os.geteuid() != 0 or (why := stacks.missing([stacks.TRIXIE])):
        pytest.skip(why or "a chroot takes root")
    enter = (
        'mount -t proc proc "$1/proc" && mount --bind "$2" "$1/mnt" &&'
        ' exec env PYTHONPATH=/mnt chroot "$1" python3 -c "$3"'
    )
    apart = ("unshare", "--mount", "--propagation", "private", "sh", "-c", enter, "sh")
    done = subprocess.run(
        [*apart, str(stacks.TRIXIE.root), str(ROOT), IN_A_CHROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Running against daemon: 11." in done.stdout, done.stderr
