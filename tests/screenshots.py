"""Makes the pictures of the README from the program on the demo: python -m tests.screenshots"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import libvirt
from textual.pilot import Pilot

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.demo.run import demo
from snaptui.model.image import FileSystem
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.context import Settings
from tests.guest_disks import Tree, ext4_disk, into_qcow2
from tests.one_host import alone, reach
from tests.ui.conftest import loaded, until
from tests.world import NOW

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "screenshots"
MADE_OF = TARGET / "made-of"
LOOKS = ROOT / "tests" / "ui" / "__snapshots__" / "test_screens"
WIDE, NARROW = (120, 40), (80, 24)
CHECKED = "Ready, "
PICTURES = {
    "main": (WIDE, ("g", "j"), ""),
    "main-80x24": (NARROW, ("g", "j"), ""),
    "create": (NARROW, ("c",), CHECKED),
    "create-120x40": (WIDE, ("c",), CHECKED),
    "revert": (NARROW, ("g", "j", "r"), CHECKED),
    "revert-120x40": (WIDE, ("g", "j", "r"), CHECKED),
    "delete": (NARROW, ("g", "j", "d"), CHECKED),
    "spaces": (NARROW, ("F",), "experiment"),
    "spaces-120x40": (WIDE, ("F",), "experiment"),
    "all": (NARROW, ("A",), "experiment"),
    "all-120x40": (WIDE, ("A",), "experiment"),
    "delete-120x40": (WIDE, ("g", "j", "d"), CHECKED),
}
"""By name: the size, the keys, and what the screen shows when it is ready."""
NGINX = """\
user www-data;
worker_processes auto;
pid /run/nginx.pid;

events {
    worker_connections 768;
}

http {
    include /etc/nginx/mime.types;
    access_log /var/log/nginx/access.log;
    include /etc/nginx/sites-enabled/*;
}
"""
FILES: Tree = {
    "etc/hostname": b"web01\n",
    "etc/nginx/conf.d": None,
    "etc/nginx/fastcgi.conf": b"fastcgi_param QUERY_STRING $query_string;\n" * 26,
    "etc/nginx/mime.types": b"types { text/html html; }\n" * 205,
    "etc/nginx/modules-enabled": None,
    "etc/nginx/nginx.conf": NGINX.encode(),
    "etc/nginx/sites-available/default": b"server { listen 80 default_server; }\n",
    "etc/nginx/sites-enabled/default": "/etc/nginx/sites-available/default",
}
"""Of a guest's disk, before its upgrade."""
DAY = 86400
STARTS = 300.0
"""Seconds for libguestfs' appliance, without KVM."""
SHOP = """\
<domain type='qemu'><name>shop01</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>
<target dev='vda' bus='virtio'/></disk>
<memballoon model='none'/></devices></domain>
"""


def made_of() -> str:
    """SHA-256 of how tests/ui keeps the same screens, and of all sentences of the plans.

    Those screens are shown on a host without QEMU: what is said of one stands in no picture there.
    """
    shown = {name.partition("-")[0] for name in PICTURES} - {"main"} | {"snapshots"}
    kept = [path for one in shown for path in LOOKS.glob(f"test_screen*[[]{one}-*.svg")]
    assert len(kept) == 2 * len(shown), kept
    told = hashlib.sha256()
    for path in sorted(kept):
        told.update(f"{path.name}\0{path.read_text()}\0".encode())
    for path in sorted((ROOT / "snaptui" / "plan").rglob("*.py")):
        for sentence in _sentences(ast.parse(path.read_text())):
            told.update(f"{sentence}\0".encode())
    return told.hexdigest()


def _sentences(tree: ast.Module) -> list[str]:
    """All strings with a space in them, but for what documents."""
    documents = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    found = [
        one.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
        if " " in one.value and id(one) not in documents
    ]
    return sorted(found)


async def picture(
    uri: str, name: str, size: tuple[int, int], keys: tuple[str, ...], shows: str
) -> None:
    backend = LibvirtBackend(uri)
    app = SnaptuiApp(alone(backend), reach, select="web01", settings=Settings(demo=True))
    async with app.run_test(size=size) as pilot:
        await loaded(pilot)
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: shows in _text(pilot), shows)
        await _still(pilot)
        (TARGET / f"{name}.svg").write_text(app.export_screenshot(title="snaptui --demo"))


async def picture_of_files(uri: str, scratch: Path) -> None:
    """What libguestfs reads of a snapshot; not of the demo, whose disks have no file systems."""
    image = scratch / "shop01.qcow2"
    into_qcow2(ext4_disk(scratch, FILES, written=NOW - 40 * DAY), image)
    backend = LibvirtBackend(uri)
    connection = libvirt.open(uri)
    domain = connection.defineXML(SHOP.format(path=image))
    domain.snapshotCreateXML("<domainsnapshot><name>before-upgrade</name></domainsnapshot>")
    app = SnaptuiApp(alone(backend), reach, select="shop01", settings=Settings(demo=True))
    async with app.run_test(size=WIDE) as pilot:
        await loaded(pilot)
        await pilot.press("g", "f")
        await until(pilot, lambda: "lost+found" in _text(pilot), "the files", patience=STARTS)
        await pilot.press("ctrl+l", *"/etc/nginx/nginx.conf", "enter")
        await until(pilot, lambda: "worker_connections" in _text(pilot), "the file")
        await _still(pilot)
        (TARGET / "files.svg").write_text(app.export_screenshot(title="snaptui"))


def _text(pilot: Pilot[None]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips())


async def _still(pilot: Pilot[None]) -> None:
    """Until two looks at the screen are the same."""
    before = ""
    while (now := pilot.app.export_screenshot()) != before:
        before = now
        await pilot.pause(0.3)


@contextmanager
def same_demo() -> Iterator[str]:
    """The demo as it is on a certain day, on a certain machine."""
    with ExitStack() as stack:
        fixed: list[AbstractContextManager[object]] = [
            mock.patch("time.time", return_value=NOW),
            mock.patch("tempfile.mkdtemp", _named),
            mock.patch("getpass.getuser", return_value="root"),
            mock.patch("socket.gethostname", return_value="kvm7"),
            mock.patch(
                "snaptui.backend.files.file_systems.file_system",
                lambda path: FileSystem(path, 900 << 30, 212 << 30, 0, "/srv/images", "xfs"),
            ),
        ]
        for patch in fixed:
            stack.enter_context(patch)
        yield stack.enter_context(demo())


def _named(*, prefix: str, dir: Path) -> str:  # noqa: A002 - as tempfile calls it
    path = Path(dir) / f"{prefix}9w2kq7xd"
    path.mkdir(mode=0o700)
    return str(path)


def main() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    tempfile.tempdir = "/tmp"
    TARGET.mkdir(exist_ok=True)
    for old in TARGET.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch, same_demo() as uri:
        for name, (size, keys, shows) in PICTURES.items():
            asyncio.run(picture(uri, name, size, keys, shows))
        asyncio.run(picture_of_files(uri, Path(scratch)))
    MADE_OF.write_text(f"{made_of()}\n")


if __name__ == "__main__":
    main()
