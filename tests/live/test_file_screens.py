"""The screens of files inside a guest, in a terminal, on libguestfs' own appliance."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.guest_disks import START, Tree, ext4_disk, into_qcow2, needs_libguestfs
from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots

pytestmark = [needs_libguestfs, pytest.mark.long]

STARTS = 600.0
"""Seconds for an appliance that runs without KVM on a busy machine."""
DISK = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/>
</disk>
"""
LINES = [f"line {number}\n" for number in range(200)]
OLD: Tree = {
    "etc/nginx/nginx.conf": "".join(LINES).encode(),
    "etc/nginx/mime.types": b"text/html html;\n",
    "etc/nginx/old.conf": b"gone soon\n",
    "etc/hostname": b"web01\n",
    "etc/far": "../../etc/nginx/nginx.conf",
    "home/\x1b[31mred\n": b"\x1b[32mgreen\n",
    "home/program": b"\x7fELF\0\1\2\3" + bytes(range(200)),
    "var/log/syslog": b"".join(b"Nov 20 03:00:00 line %06d\n" % n for n in range(50_000)),
}
NEW_LINES = "".join(LINES).replace("line 100\n", "\x1b[31mline C\n")


@pytest.fixture
def guest(lab: Lab, tmp_path: Path) -> Lab:
    """web, with a file system in its image; the snapshot old has other files than now."""
    image, scratch = lab.image("web"), tmp_path / "scratch"
    scratch.mkdir()
    disk = ext4_disk(scratch, OLD)
    into_qcow2(disk, image)
    lab.define_disks("web", DISK.format(path=image))
    lab.snapshot("web", "old")
    _change(disk, scratch)
    into_qcow2(disk, image)
    return lab


def _change(disk: Path, scratch: Path) -> None:
    """One file added, one removed, one written anew; and one with all its metadata as before."""
    for name, content in (("nginx.conf", NEW_LINES), ("new.conf", "is new\n")):
        (scratch / name).write_text(content)
    commands = scratch / "commands"
    names = "".join(f"write {scratch / name} {name}\n" for name in ("nginx.conf", "new.conf"))
    commands.write_text(f"cd /etc/nginx\nrm old.conf\nrm nginx.conf\n{names}")
    on = f"{disk}?offset={START}"
    subprocess.run(["debugfs", "-w", "-f", commands, on], capture_output=True, check=True)
    whole = disk.read_bytes()
    assert whole.count(b"text/html html;") == 1
    disk.write_bytes(whole.replace(b"text/html html;", b"text/HTML html;"))


def to(terminal: Terminal, path: str) -> None:
    """Type a path."""
    terminal.press("\x0c", path, "enter")


def test_from_the_snapshot_to_its_files_and_what_changed_since(guest: Lab, tmp_path: Path) -> None:
    """One appliance for the look, and one each time that the other side is read."""
    out = tmp_path / "out"
    out.mkdir()
    with Terminal(["-c", guest.uri, "web"], size=(120, 40)) as terminal:
        at_snapshots(terminal, "old")
        terminal.press("g", "f")
        terminal.wait("Files of web: old", "appliance ...")
        terminal.wait("etc/", "home/", "lost+found/", gone="appliance", seconds=STARTS)
        _browses(terminal)
        _copies(terminal, out)
        _compares(terminal)
        terminal.press("q")
        terminal.wait("The files are closed: another look took the appliance. F5 opens them again.")
        terminal.press("q")
        terminal.wait("1 snapshot", gone="The files")
        terminal.press("q")
        assert terminal.exit_code() == 0


def _browses(terminal: Terminal) -> None:
    to(terminal, "/etc/far")  # a link, which leads to a file in another folder
    terminal.wait("/etc/nginx  3 entries", "▌ -rw-r--r--", "line 0", "mode 0644, owner 0:0")
    terminal.press("/", "MIME")
    terminal.wait("1 of 3 entries", "text/html html;", gone="old.conf")
    terminal.press("esc")
    terminal.wait("3 entries", "old.conf")
    terminal.press("backspace")
    terminal.wait("/etc  3 entries", "far -> ../../etc/nginx", "Directory")
    terminal.press("'")
    terminal.wait("Go to", "/var/log")
    terminal.press("esc")
    terminal.wait("/etc  3 entries", gone="Go to")
    to(terminal, "/home")
    terminal.wait("\\x1b[31mred\\n", "\\x1b[32mgreen")
    terminal.press("j")
    terminal.wait("00000000  7f 45 4c 46 00 01 02 03  .ELF")
    to(terminal, "/none/such")
    terminal.wait("Cannot read the files", "/home  2 entries")
    to(terminal, "/var/log/syslog")
    terminal.wait("0 B to 64.0 KiB of 1.3 MiB", "line 000000")
    terminal.press("tab")
    terminal.wait("0 B to 1.0 MiB of 1.3 MiB")
    terminal.press("/", "line 030000", "enter")
    terminal.wait("line 030000")
    terminal.press("[")
    terminal.wait("1.0 MiB to 1.3 MiB of 1.3 MiB", gone="line 030000")
    terminal.press("esc", "y")
    terminal.wait("Copied to the terminal's clipboard.")


def _copies(terminal: Terminal, out: Path) -> None:
    """Never over what is there."""
    to(terminal, "/etc/nginx/nginx.conf")
    terminal.wait("▌ -rw-r--r--   1.7K", "line 0")
    for times in range(2):
        terminal.press("x")
        terminal.wait("Copy out /etc/nginx/nginx.conf", "Nothing is overwritten.")
        terminal.press("\x15", str(out), "enter")  # Ctrl+U empties the field
        if not times:
            terminal.wait("✔ 1 file, 1.7 KiB, copied to", gone="Copy out")
    terminal.wait("nginx.conf exists already")
    terminal.press("esc")
    terminal.wait("3 entries", gone="Copy out")
    (copy,) = out.iterdir()
    assert copy.read_text() == "".join(LINES)
    to(terminal, "/etc")
    terminal.wait("/etc  3 entries", "nginx/", "mode 0755")
    terminal.press("backspace")
    terminal.wait("lost+found/", "▌ drwxr-xr-x")
    terminal.press("x")
    terminal.wait("Copy out /etc", "The folder and all below it")
    terminal.press("\x15", str(out), "enter")
    terminal.wait("✔ 4 files", "1 left out", "/etc/far: symbolic link to")
    terminal.press("esc")
    terminal.wait("✔ 4 files", "1 left out", gone="Copy out")
    assert (out / "etc" / "nginx" / "mime.types").read_bytes() == OLD["etc/nginx/mime.types"]
    assert not (out / "etc" / "far").exists()
    terminal.press("enter")
    terminal.wait("/etc  3 entries")


def _compares(terminal: Terminal) -> None:
    terminal.press("c")
    terminal.wait("Compare /etc with", "the disks at this moment")
    terminal.press("enter")
    terminal.wait("web:/etc", "compared with now", "being compared")
    screen = terminal.wait("1 added, 1 removed, 1 changed, 2 not compared", seconds=STARTS)
    assert "h compares by hash" in screen
    assert re.search(r"▌ ▾ /etc +\+1 -1 ~1 \?2", screen)
    terminal.press("h")
    screen = terminal.wait("1 added, 1 removed, 2 changed, 0 not compared", seconds=STARTS)
    terminal.press("j", "enter")
    screen = terminal.wait("+ new.conf", "- old.conf", "~ nginx.conf", "~ mime.types")
    assert re.search(r"mime.types +changed: content", screen)
    assert "hostname" not in screen
    terminal.press("a")
    terminal.wait("= hostname")
    terminal.press("/", "nginx.conf", "enter")
    terminal.wait("~ nginx/nginx.conf", gone="old.conf")
    terminal.press("enter")
    screen = terminal.wait("@@ -98,7 +98,7 @@", "-line 100", seconds=STARTS)
    assert "+\\x1b[31mline C" in screen
    terminal.press("esc")
    terminal.wait("~ nginx/nginx.conf", gone="@@")
    terminal.press("esc")
    terminal.wait("+ new.conf")
