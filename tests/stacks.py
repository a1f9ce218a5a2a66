"""The libvirts and QEMUs that the plans are proven on: ``make stacks`` builds what is missing.

One is the host's own. The other is Debian 13's, in a root of its own below ``build``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from snaptui.demo.setups import HOST, SEARCH

TRIXIE = Path(__file__).parents[1] / "build" / "trixie"
_PACKAGES = (
    "libvirt-daemon",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-driver-storage",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
)
_MOUNTED = ("proc", "dev", "sys")


@dataclass(frozen=True)
class Stack:
    """A libvirt with its QEMU.

    Attributes:
        version: of libvirt, as people call it: ``11.3``.
        root: of the system that it is installed in.
    """

    version: str
    root: Path

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))


def stacks() -> tuple[Stack, ...]:
    """Those that are there, the host's first."""
    return tuple(Stack(_version(root), root) for root in (HOST, TRIXIE) if _libvirtd(root))


def missing() -> str:
    """Why a stack is not there; empty when all are."""
    return "" if _libvirtd(TRIXIE) else f"There is no {TRIXIE}: make stacks builds it, as root."


def build() -> None:
    """Install Debian 13's libvirt and QEMU into a root of its own, unless it is there.

    It takes the place of nothing before it is whole. As root only.
    """
    if _libvirtd(TRIXIE):
        return
    if shutil.which("debootstrap", path=SEARCH) is None:
        _run("apt-get", "update")
        _run("apt-get", "install", "--yes", "--no-install-recommends", "debootstrap")
    began = time.monotonic()
    half = TRIXIE.with_name(f"trixie.{os.getpid()}")
    half.mkdir(parents=True)
    try:
        _run("debootstrap", "--variant=minbase", "trixie", str(half), *_mirror())
        policy = half / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")  # no daemon is started by its installation
        policy.chmod(0o755)
        with _mounted(half):
            words = ("apt-get", "install", "--yes", "--no-install-recommends", *_PACKAGES)
            _run("chroot", str(half), *words)
        half.rename(TRIXIE)
    except BaseException:
        shutil.rmtree(half)
        raise
    print(f"{TRIXIE}: libvirt {_version(TRIXIE)}, built in {time.monotonic() - began:.0f} s")


@contextmanager
def _mounted(root: Path) -> Iterator[None]:
    """Maintainer scripts look into these; nothing of them is left in a root that is removed."""
    try:
        for name in _MOUNTED:
            _run("mount", "--bind", f"/{name}", str(root / name))
        yield
    finally:
        for name in reversed(_MOUNTED):
            if (root / name).is_mount():
                _run("umount", str(root / name))


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


def _version(root: Path) -> str:
    """``libvirtd (libvirt) 11.3.0`` is what it says."""
    words = ["/usr/sbin/libvirtd", "--version"]
    words = words if root == HOST else ["chroot", str(root), *words]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return said.split()[-1].rpartition(".")[0]


if __name__ == "__main__":
    build()
