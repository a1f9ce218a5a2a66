"""Every way to install it, in fresh copies of other systems: ``make install-test``.

Packages and the archive for hosts that have no index, and the lines of ``docs/install.md`` as
they are printed, with the packages that they name.

Each copy is thrown away: a layer in memory over a root of ``make stacks``, or of Debian 12.
As root only.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.stacks import SUITES, TRIXIE, Suite, build
from tests.terminal import Terminal

CHECKOUT = Path(__file__).parents[1]
DIST = CHECKOUT / "dist"
PYZ = DIST / "snaptui.pyz"
BOOKWORM = Suite("bookworm", "bookworm")
ROOTS = (BOOKWORM, TRIXIE, SUITES[-1])
USER = 1000
HOME = {0: "/root", USER: "/home/user"}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DOMAINS = ("build", "db01", "files", "mail", "web01")
_LAYER = """\
set -eu
mount -t tmpfs -o mode=755 none "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" none "$2/root"
for name in proc dev sys; do
    mount --rbind "/$name" "$2/root/$name"
done
mount -t tmpfs -o mode=1777 none "$2/root/tmp"
mkdir -p "$2/root/etc/ssl"
mount --rbind /etc/ssl "$2/root/etc/ssl"
echo ready
cat
"""
_CALL = 'shift 2; exec "$@"'
"""A terminal says ``-m snaptui`` before the arguments; here the program has another name."""


class Copy:
    """A copy of a root; what is changed in it goes with it."""

    def __init__(self, suite: Suite, holder: int, path: Path) -> None:
        self.suite = suite
        self._enter = ("nsenter", f"--mount=/proc/{holder}/ns/mnt")
        self._path = path

    def command(self, *words: str, user: int = 0, home: str = "") -> tuple[str, ...]:
        """What runs something inside as a user, with nothing of the environment here."""
        own = [f"HOME={home or HOME[user]}", f"PATH={PATH}", "TERM=xterm-256color"]
        ids = (f"--reuid={user}", f"--regid={user}", "--clear-groups")
        inside = ("chroot", str(self._path), "setpriv", *ids, "env", "-i", "-C", HOME[user])
        return (*self._enter, *inside, "LANG=C.UTF-8", *own, *words)

    def run(self, *words: str, user: int = 0, home: str = "", code: int = 0) -> str:
        """What it says; it must end so."""
        command = self.command(*words, user=user, home=home)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def put(self, file: Path, name: str) -> None:
        """Copy a file into it."""
        words = (*self._enter, "chroot", str(self._path), "sh", "-c", 'cat > "$1"; chmod 755 "$1"')
        subprocess.run([*words, "sh", name], input=file.read_bytes(), check=True)

    def check_out(self) -> None:
        """Put what is committed into the home of root."""
        archive = subprocess.run(
            ["git", "archive", "--prefix=snaptui/", "HEAD"],
            cwd=CHECKOUT, capture_output=True, check=True,
        ).stdout  # fmt: skip
        subprocess.run([*self.command("tar", "-x"), "-C", HOME[0]], input=archive, check=True)

    def install(self, *packages: str) -> None:
        """Install packages of its distribution, or files."""
        how = ("--yes", "--no-install-recommends", "-o", "Acquire::Check-Valid-Until=false")
        self.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *how, *packages)

    def terminal(self, *words: str, user: int = 0) -> Terminal:
        """A program inside on a terminal; the first word is its path."""
        program, *arguments = words
        inside = self.command("sh", "-c", f'shift 2; exec {program} "$@"', "sh", user=user)
        return Terminal(arguments, python=inside)


@contextmanager
def copy_of(suite: Suite) -> Iterator[Copy]:
    """A copy of a root, which is built if it is not there."""
    build(suite)
    place = CHECKOUT / "build" / f"copy.{os.getpid()}"
    place.mkdir()
    command = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _LAYER, "sh")
    words = [*command, str(suite.root.resolve()), str(place)]
    try:
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdin is not None
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"ready\n"
            copy = Copy(suite, holder.pid, place / "root")
            resolver = Path("/etc/resolv.conf")
            copy.put(resolver, str(resolver))
            copy.run("useradd", "--create-home", "--uid", str(USER), "user")
            try:
                yield copy
            finally:
                holder.stdin.close()
    finally:
        place.rmdir()


def whole_program(copy: Copy, program: str, *, user: int) -> None:
    """Screen, report and demo of an installed program, as a user."""
    assert copy.run(program, "--version", user=user).startswith("snaptui ")
    image = f"{HOME[user]}/disk.qcow2"
    copy.run("qemu-img", "create", "-q", "-f", "qcow2", image, "8M", user=user)
    copy.run("qemu-img", "snapshot", "-c", "one", image, user=user)
    (said,) = json.loads(copy.run(program, "report", "--json", image, user=user))["images"]
    assert [one["name"] for one in said["snapshots"]] == ["one"]
    assert said["snapshots"][0]["frees"] is not None, "it was counted"
    with copy.terminal(program, "-c", "test:///default", user=user) as terminal:
        terminal.wait("▌ test", "no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of test")
        assert terminal.dialog
        terminal.press("esc")
        terminal.wait("▌ test", gone="Create a snapshot of test")
        terminal.press("q")
        assert terminal.exit_code() == 0
    with copy.terminal(program, "--demo", user=user) as terminal:
        terminal.wait("connected", *DOMAINS)
        terminal.press("q")
        assert terminal.exit_code() == 0
    assert "snaptui-demo-" not in copy.run("ls", "/tmp")


def one_file(copy: Copy) -> None:
    """The archive: as it is told in the README, and wherever its user's caches are."""
    program = "/tmp/snaptui.pyz"
    copy.put(PYZ, program)
    without_numpy(copy, program)
    for user in HOME:
        whole_program(copy, program, user=user)
        assert copy.run("sh", "-c", "stat -c %a ~/.cache/snaptui/unpacked/*", user=user) == "700\n"
    # what sudo -E keeps: the home of a user, who could exchange what root runs
    copy.run("rm", "-r", "/root/.cache", "/home/user/.cache")
    copy.run("python3", program, "--version", home=HOME[USER])
    assert copy.run("ls", "-A", "/home/user") == copy.run("ls", "-A", "/home/user", user=USER)
    assert ".cache" not in copy.run("ls", "-A", "/home/user")
    copy.run("sh", "-c", "ls -d /root/.cache/snaptui/unpacked/*")
    # others may write there: it runs from the archive itself
    copy.run("mkdir", "--mode=777", "/home/user/.cache")
    copy.run("chown", "user:", "/home/user/.cache")
    whole_program(copy, program, user=USER)
    assert copy.run("ls", "-A", "/home/user/.cache") == ""


def without_numpy(copy: Copy, program: str) -> None:
    """Figures are unknown, with what to install; then it is installed."""
    if copy.run("sh", "-c", "ls -d /usr/lib/python3/dist-packages/numpy || true").startswith("/"):
        return
    copy.run("qemu-img", "create", "-q", "-f", "qcow2", "/tmp/disk.qcow2", "8M")
    said = copy.run(program, "report", "/tmp/disk.qcow2", code=3)
    assert "python3-numpy" in said, said
    copy.install("python3-numpy")


def debian_package(copy: Copy) -> None:
    """With what it depends on, from an ordinary installation to its removal."""
    (package,) = DIST.glob("*.deb")
    copy.put(package, f"/tmp/{package.name}")
    copy.install(f"/tmp/{package.name}")
    _as_a_package(copy)
    copy.run("apt-get", "remove", "--yes", "libvirt-snaptui")
    _nothing_left(copy)


def rpm_package(copy: Copy) -> None:
    """By rpm itself, on a system whose own packages it does not know."""
    (package,) = DIST.glob("*.rpm")
    copy.put(package, f"/tmp/{package.name}")
    copy.install("rpm", "python3-numpy")
    assert "digests OK" in copy.run("rpm", "--checksig", f"/tmp/{package.name}")
    needs = copy.run("rpm", "--query", "--package", "--requires", f"/tmp/{package.name}")
    assert {"python3-libvirt", "python3-numpy"} <= {line.split()[0] for line in needs.splitlines()}
    copy.run("rpm", "--install", "--nodeps", f"/tmp/{package.name}")
    _as_a_package(copy)
    copy.run("rpm", "--erase", "libvirt-snaptui")
    _nothing_left(copy)


def _as_a_package(copy: Copy) -> None:
    for user in HOME:
        whole_program(copy, "snaptui", user=user)
        said = copy.run("/usr/bin/python3", "-c", GUARDED, user=user)
        assert said == "/usr/lib/libvirt-snaptui 0\n"
    assert "snaptui check" in copy.run("zcat", "/usr/share/man/man1/snaptui.1.gz")
    copy.run("bash", "-n", "/usr/share/bash-completion/completions/snaptui")


def _nothing_left(copy: Copy) -> None:
    found = copy.run("find", "/usr", "-path", "*snaptui*")
    assert found == "", found


GUARDED = """\
import sys
sys.path.insert(0, "/usr/lib/libvirt-snaptui")
from snaptui.backend.virt.freeze_guard import Guard
guard = Guard("test:///default")
guard.watch("6695eb01-f6a4-8304-79aa-97f2502e193f")
pid = guard.process.pid
words = open(f"/proc/{pid}/cmdline").read().split("\\0")
paths = next(word for word in words if "sys.path" in word)
print(paths.split("'")[1], open(f"/proc/{pid}/environ").read().count("PYTHON"))
guard.release("6695eb01-f6a4-8304-79aa-97f2502e193f")
"""
"""What thaws guests imports from the same place, and hands nothing of it on."""

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"\(Debian(?:, Fedora)?: ([^;)]*)")


def as_printed(copy: Copy, lines: str) -> None:
    """A paragraph of the manual in a checkout, as root."""
    (packages,) = _NEEDS.findall(lines)
    copy.install(*packages.split(), "qemu-utils")
    copy.check_out()
    options = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("PIP_")]
    copy.run("env", *options, "sh", "-e", "-c", f"cd snaptui\n{lines}")
    copy.run("rm", "-r", f"{HOME[0]}/snaptui")  # it must not be needed any more
    program = "~/.local/bin/snaptui" if "pipx" in lines else "/opt/snaptui/bin/snaptui"
    whole_program(copy, program.replace("~", HOME[0]), user=0)


def printed() -> Iterator[tuple[str, Callable[[Copy], None]]]:
    """The paragraphs that install from a checkout, by their last line."""
    manual = (CHECKOUT / "docs" / "install.md").read_text()
    for block in _BLOCK.findall(manual):
        for lines in block.split("\n\n"):
            if "pip" in lines:
                yield lines.strip().rpartition("\n")[2], partial(as_printed, lines=lines)


WAYS: tuple[tuple[str, Callable[[Copy], None]], ...] = (
    ("one file", one_file),
    ("the .deb", debian_package),
    ("the .rpm", rpm_package),
    *printed(),
)


def main(words: Sequence[str]) -> int:
    """Try each way that has all the words, on each system, and print how long it took."""
    wanted = os.environ.get("STACKS", "").replace(",", " ").split()
    for suite in ROOTS:
        if wanted and suite.name not in wanted:
            continue
        for name, way in WAYS:
            if not all(word in name for word in words):
                continue
            began = time.monotonic()
            with copy_of(suite) as copy:
                python = copy.run("python3", "--version").strip()
                way(copy)
            seconds = time.monotonic() - began
            print(f"{suite.name}, {python}, {name}: works, {seconds:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
