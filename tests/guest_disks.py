"""Disks with a guest's file systems on them, made without mounting anything here."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tarfile
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


def write_tree(folder: Path, tree: Tree, written: float | None = None) -> None:
    """Make files, links and directories below a folder.

    Args:
        written: when, in seconds since the epoch; now without it.
    """
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
    if written is not None:
        for made in folder.rglob("*"):
            os.utime(made, (written, written), follow_symlinks=False)


def ext4_disk(
    scratch: Path, tree: Tree, size: int = 64 * MIB, written: float | None = None
) -> Path:
    """A raw disk with one partition, which has an ext4 with this content."""
    folder, disk = scratch / "tree", scratch / "disk.raw"
    folder.mkdir()
    write_tree(folder, tree, written)
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


PASSPHRASE = "open sesame"
_FILL = """\
import guestfs, subprocess, sys
image, many, passphrase = sys.argv[1], int(sys.argv[2]), sys.argv[3]
g = guestfs.GuestFS(python_return_dict=True)
g.set_backend("direct")
g.set_backend_setting("force_tcg", "1")
g.disk_create(image, "qcow2", 3 << 30)
g.add_drive_opts(image, format="qcow2")
g.launch()
g.part_init("/dev/sda", "gpt")
start = 2048
for size in (400, 400, 400, 100, 100, 300, 200):
    g.part_add("/dev/sda", "p", start, start + size * 2048 - 1)
    start += size * 2048
for at, kind in enumerate(("ext4", "xfs", "btrfs", "ntfs", "vfat"), 1):
    device = f"/dev/sda{at}"
    g.mkfs(kind, device)
    g.mount(device, "/")
    g.write("/content", f"content of {kind}")
    if kind == "ext4":
        g.mkdir("/many")
        g.umount_all()
        g.mount(device, "/")
        g.tar_in(sys.argv[4], "/many")
    g.umount_all()
g.pvcreate("/dev/sda6")
g.vgcreate("vg", ["/dev/sda6"])
g.lvcreate("root", "vg", 200)
g.mkfs("ext4", "/dev/vg/root")
g.mount("/dev/vg/root", "/")
for folder in ("/etc", "/bin", "/srv", "/var", "/usr", "/usr/lib", "/home"):
    g.mkdir(folder)
g.write("/etc/hostname", "box\\n")
g.write("/etc/debian_version", "12.1\\n")
g.write("/etc/os-release", 'ID=debian\\nVERSION_ID="12"\\n'
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\\n')
g.write("/etc/fstab", "/dev/vg/root / ext4 defaults 0 0\\n/dev/sda2 /srv xfs defaults 0 0\\n")
g.umount_all()
g.luks_format("/dev/sda7", passphrase, 0)
g.cryptsetup_open("/dev/sda7", passphrase, "new")
g.mkfs("ext4", "/dev/mapper/new")
g.mount("/dev/mapper/new", "/")
g.write("/content", "content of luks")
g.umount_all()
g.cryptsetup_close("/dev/mapper/new")
g.shutdown()
"""


def fill_with_file_systems(image: Path, many: int) -> dict[str, bytes]:
    """An image with a partition for each kind, and a Debian on LVM; what is in each.

    Args:
        many: number of files in a directory of the first one.

    Raises:
        FileNotFoundError: the distribution's Python has no binding of libguestfs.
    """
    python = "/usr/bin/python3"
    if subprocess.run(
        [python, "-c", "import guestfs"], capture_output=True, check=False
    ).returncode:
        raise FileNotFoundError("python3-guestfs is not installed")
    archive = image.with_suffix(".tar")
    with tarfile.open(archive, "w") as files:
        for at in range(many):
            files.addfile(tarfile.TarInfo(str(at)))
    _run(python, "-c", _FILL, str(image), str(many), PASSPHRASE, str(archive))
    archive.unlink()
    kinds = ("ext4", "xfs", "btrfs", "ntfs", "vfat", "luks")
    return {kind: f"content of {kind}".encode() for kind in kinds}
