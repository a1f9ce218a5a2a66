"""Disks with a guest's file systems on them, made without mounting anything here."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from snaptui.guest_files.libguestfs import LIBRARY
from tests.lab import MIB, qemu_img

START = 1 * MIB
"""Where the partition begins."""


def _lacks() -> str:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return "libguestfs is not installed"
    tools = ("sfdisk", "mkfs.ext4", "qemu-storage-daemon", "qemu-nbd")
    return next((f"{tool} is not installed" for tool in tools if not shutil.which(tool)), "")


needs_libguestfs = pytest.mark.skipif(bool(_lacks()), reason=_lacks())

Tree = Mapping[str, bytes | str | None]
"""By path: the bytes of a file, where a link points, or ``None`` for a directory."""


def write_tree(folder: Path, tree: Tree) -> None:
    """Make files, links and directories below a folder."""
    for name, content in tree.items():
        path = os.fsencode(folder) + b"/" + os.fsencode(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if content is None:
            os.makedirs(path, exist_ok=True)
        elif isinstance(content, str):
            os.symlink(content, path)
        else:
            with open(path, "wb") as file:
                file.write(content)


def ext4_disk(scratch: Path, tree: Tree, size: int = 64 * MIB) -> Path:
    """A raw disk with one partition, which has an ext4 with this content."""
    folder, disk = scratch / "tree", scratch / "disk.raw"
    folder.mkdir()
    write_tree(folder, tree)
    disk.unlink(missing_ok=True)
    with open(disk, "wb") as file:
        file.truncate(size)
    table = f"label: dos\nstart={START // 512}, type=83\n"
    _run("sfdisk", "--quiet", str(disk), input=table)
    blocks = (size - START) // 1024
    options = ("-q", "-F", "-b", "1024", "-L", "rootfs", "-E", f"offset={START},lazy_itable_init=0")
    _run("mkfs.ext4", *options, "-d", str(folder), str(disk), str(blocks))
    _run("rm", "-r", str(folder))
    return disk


def into_qcow2(raw: Path, image: Path) -> None:
    """Have the image's disk be this, whatever snapshots it holds."""
    new = () if not image.exists() else ("-n",)
    qemu_img("convert", *new, "-f", "raw", "-O", "qcow2", str(raw), str(image))


def _run(*command: str, input: str | None = None) -> None:  # noqa: A002 - the word of subprocess
    done = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
