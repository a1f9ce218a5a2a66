"""The libvirts and QEMUs that the plans are proven on: ``make stacks`` builds what is missing.

One is the host's own. The others are those of suites of Debian, each in a root of its own below
``build``, and named by what it was on the day it was built: a suite moves, a root does not.
``rm -r build/SUITE`` before ``make stacks`` brings a newer one.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from snaptui.demo.setups import HOST, SEARCH

BUILD = Path(__file__).parents[1] / "build"
_PACKAGES = (
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-driver-secret",
    "libvirt-daemon-driver-storage",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "python3-libvirt",
    "python3-venv",
    "swtpm",
    "swtpm-tools",
)
_LATE = ("-o", "Acquire::Check-Valid-Until=false")
"""The index of a suite that moves is valid for days; a mirror may lag behind."""


@dataclass(frozen=True)
class Suite:
    """Of Debian.

    Attributes:
        name: of the suite that libvirt and QEMU are from, and of its root below ``build``.
        release: that the rest of the root is from.
    """

    name: str
    release: str

    @property
    def root(self) -> Path:
        return BUILD / self.name

    def __str__(self) -> str:
        return self.name

    @property
    def packages(self) -> tuple[str, ...]:
        """That are installed there; before Debian 13 these drivers were no packages apart."""
        apart = ("libvirt-daemon-driver-secret", "libvirt-daemon-driver-storage")
        return tuple(one for one in _PACKAGES if self.release != "bookworm" or one not in apart)


TRIXIE = Suite("trixie", "trixie")
SUITES = (TRIXIE, Suite("trixie-backports", "trixie"), Suite("sid", "sid"))


@dataclass(frozen=True)
class Stack:
    """A libvirt with its QEMU.

    Attributes:
        name: of its suite, or ``host``.
        version: of libvirt, as people call it: ``11.3``.
        qemu: the same of QEMU.
        root: of the system that it is installed in.
    """

    name: str
    version: str
    qemu: str
    root: Path

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))

    def __str__(self) -> str:
        return f"libvirt {self.version}, QEMU {self.qemu} ({self.name})"


def stacks(words: Sequence[str] = ()) -> tuple[Stack, ...]:
    """Those that are there, the host's first.

    Args:
        words: names and versions of the ones that are wanted; all without any.
    """
    places = [("host", HOST), *((suite.name, suite.root) for suite in SUITES)]
    there = [_stack(name, root) for name, root in places if _libvirtd(root)]
    return tuple(one for one in there if not words or {one.name, one.version} & set(words))


def chosen() -> tuple[Stack, ...]:
    """Those that ``STACKS`` in the environment names.

    Raises:
        SystemExit: it names one that is not there.
    """
    words = _words(os.environ.get("STACKS", ""))
    for word in words:
        if not stacks([word]):
            names = "; ".join(map(str, stacks()))
            sys.exit(f"There is no stack {word} here, only: {names}. make stacks builds others.")
    return stacks(words)


def missing(suites: Sequence[Suite] = SUITES) -> str:
    """Which stacks are not there; empty when all are."""
    names = [str(suite.root) for suite in suites if not _libvirtd(suite.root)]
    return f"Not run on: {', '.join(names)}. make stacks builds them, as root." if names else ""


def build(suite: Suite) -> None:
    """Install a suite's libvirt and QEMU into a root of its own, unless it is there.

    It takes the place of nothing before it is whole. As root only.
    """
    if _libvirtd(suite.root):
        return
    if shutil.which("debootstrap", path=SEARCH) is None:
        _run("apt-get", "update")
        _run("apt-get", "install", "--yes", "--no-install-recommends", "debootstrap")
    began = time.monotonic()
    half = BUILD / f"{suite.name}.{os.getpid()}"
    half.mkdir(parents=True)
    try:
        makes = ("unshare", "--mount", "debootstrap", "--variant=minbase", suite.release)
        _run(*makes, str(half), *_mirror())
        policy = half / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")  # no daemon is started by its installation
        policy.chmod(0o755)
        if suite.name != suite.release:
            _add_suite(half, suite)
            _chrooted(half, "apt-get", *_LATE, "update")
        target = ("--target-release", suite.name)
        install = ("install", "--yes", "--no-install-recommends", *target, *suite.packages)
        _chrooted(half, "apt-get", *_LATE, *install)
        half.rename(suite.root)
    except BaseException:
        shutil.rmtree(half)
        raise
    stack = _stack(suite.name, suite.root)
    print(f"{suite.root}: {stack}, built in {time.monotonic() - began:.0f} s", flush=True)


def _add_suite(root: Path, suite: Suite) -> None:
    """Take packages from another suite of the same mirror too."""
    sources = root / "etc" / "apt" / "sources.list"
    kind, site, _, *components = sources.read_text().split()
    line = " ".join((kind, site, suite.name, *components))
    (sources.parent / "sources.list.d" / f"{suite.name}.list").write_text(f"{line}\n")


def _chrooted(root: Path, *words: str) -> None:
    """Run a command in a root where maintainer scripts find /proc, /dev and /sys.

    Nobody outside sees them there: whoever removes a root whose build was interrupted, or lives
    on after it, does not reach the host's own devices through it.
    """
    mounts = "for one in proc dev sys; do mount --bind /$one $0/$one || exit; done"
    _run("unshare", "--mount", "sh", "-c", f'{mounts}; exec chroot $0 "$@"', str(root), *words)


def _run(*words: str) -> None:
    environment = {**os.environ, "PATH": SEARCH, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shlex.join(words)}: {done.stdout[-2000:]}{done.stderr}")


def _mirror() -> list[str]:
    """Where the host's own packages of Debian come from; nothing leaves it to debootstrap."""
    words = ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)"]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    sites = [line.removeprefix("Debian ") for line in said.splitlines() if line[:7] == "Debian "]
    return sites[:1]


def _libvirtd(root: Path) -> Path | None:
    path = root / "usr" / "sbin" / "libvirtd"
    return path if path.exists() else None


@cache
def _stack(name: str, root: Path) -> Stack:
    return Stack(
        name,
        version=_version(root, "/usr/sbin/libvirtd"),
        qemu=_version(root, "/usr/bin/qemu-img"),
        root=root,
    )


def _version(root: Path, program: str) -> str:
    """``libvirtd (libvirt) 11.3.0`` is what one says, ``qemu-img version 10.0.2 (...`` another."""
    words = [program, "--version"]
    words = words if root == HOST else ["chroot", str(root), *words]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+\.\d+)\.\d+", said)
    if found is None:
        sys.exit(f"{shlex.join(words)} names no version: {said}")
    return found[1]


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _wanted(words: Sequence[str]) -> Iterator[Suite]:
    """What is to be built: the suites that are named; all for a version that is not there yet."""
    known = {"host", *(suite.name for suite in SUITES)}
    unknown = any(word not in known and not stacks([word]) for word in words)
    for suite in SUITES:
        if not words or unknown or suite.name in words:
            yield suite


if __name__ == "__main__":
    for _suite in _wanted(_words(os.environ.get("STACKS", ""))):
        build(_suite)
