"""Servers of the bytes of images' files, which know nothing of what is in them."""

from __future__ import annotations

import json
import os
import secrets
import stat
import subprocess
from collections.abc import Sequence

from snaptui.guest_files import remote
from snaptui.guest_files.crew import Crew, Failed, program
from snaptui.guest_files.nodes import file_server, layer_name, nbd_uri
from snaptui.guest_files.source import ServedDisk

READY = 20.0
"""Seconds in which a server begins to serve."""
ANSWERS = 60.0
"""Seconds in which another host answers."""
THERE = "/tmp/snaptui-files-"  # noqa: S108 - made by a mkdir that fails where it is
"""How the directory on another host begins."""

Identity = tuple[int, int]
"""Device and inode of a file."""


def serve(
    crew: Crew, disks: Sequence[ServedDisk], identities: Sequence[Sequence[Identity]]
) -> subprocess.Popen[bytes]:
    """Give out the files of this machine, each layer as an export of its own.

    Args:
        identities: by disk and layer, which file it was when it was decided to open it.

    Raises:
        Failed: it is another one now, or cannot be opened.
    """
    command = [program("qemu-storage-daemon"), "--pidfile", str(crew.folder / "files.pid")]
    opened: list[int] = []
    files: list[list[str]] = []
    try:
        for disk, of_layers in zip(disks, identities, strict=True):
            files.append([])
            for layer, identity in zip(disk.layers, of_layers, strict=True):
                opened.append(_opened(layer.path, identity))
                files[-1].append(f"/dev/fd/{opened[-1]}")
        command += file_server(disks, str(crew.files), files)
        server = crew.start("files", command, keep=opened)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    crew.until(crew.folder / "files.pid", server, "files", READY)
    _hand_over(crew)
    return server


def serve_remote(
    crew: Crew, disks: Sequence[ServedDisk], ssh: Sequence[str]
) -> subprocess.Popen[bytes]:
    """Give out the files of another host, through a socket that ssh forwards.

    Raises:
        Failed: ssh or the host says why not.
    """
    files = [[layer.path for layer in disk.layers] for disk in disks]
    there = THERE + secrets.token_hex(8)
    options = file_server(disks, f"{there}/files.sock", files)
    paths = [path for of_disk in files for path in of_disk]
    command = remote.command(ssh, str(crew.files), there, paths, options)
    server = crew.start("files", command, talk=True)
    said = crew.line(server, ANSWERS)
    if said != remote.READY:
        raise Failed(said or f"the host does not answer over ssh: {crew.why('files')}")
    _hand_over(crew)
    return server


def look(
    crew: Crew, server: subprocess.Popen[bytes], disks: Sequence[ServedDisk]
) -> tuple[list[str], list[str]]:
    """How the files of another host are now, as it describes them, and which snapshots are in them.

    Returns:
        A line for each layer, and JSON of the snapshots of each disk's first layer.

    Raises:
        Failed: it does not say.
    """
    assert server.stdin is not None
    server.stdin.write(b"\n")
    files: list[str] = []
    while (line := crew.line(server, ANSWERS)) != remote.END:
        if not line or len(files) >= sum(len(disk.layers) for disk in disks):
            raise Failed("the host does not say how its files are")
        files.append(line)
    return files, [
        _snapshots(crew, place) for place, disk in enumerate(disks) if disk.entry is not None
    ]


def _snapshots(crew: Crew, place: int) -> str:
    uri = nbd_uri(str(crew.files), layer_name(place, 0))
    said = crew.done([program("qemu-img"), "info", "--output=json", "-f", "qcow2", uri])
    return json.dumps(json.loads(said).get("snapshots", []))


def _hand_over(crew: Crew) -> None:
    """Let the unprivileged user connect to the server of the files, and no other one."""
    if crew.user is not None:
        os.chown(crew.files, crew.user, crew.user)
    crew.files.chmod(0o600)


def _opened(path: str, identity: Identity) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    readable = stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode)
    if not readable or (found.st_dev, found.st_ino) != identity:
        os.close(descriptor)
        raise Failed(f"{path} was replaced meanwhile")
    return descriptor
