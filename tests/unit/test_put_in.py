"""The lines with which a file that was put into a guest gets to its place there."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from snaptui.guest_files.put_in import lines
from snaptui.model.guest_file import GuestFile


def then(mode: int) -> GuestFile:
    """A file of this user's."""
    kind, owner, group = stat.S_IFREG, os.getuid(), os.getgid()
    return GuestFile("a", kind | mode, owner, group, 3, 0, 0, 1, 1, 1)


def test_they_name_owner_group_and_mode_as_numbers() -> None:
    file = GuestFile("shadow", stat.S_IFREG | 0o640, 0, 42, 3, 0, 0, 1, 1, 1)
    made = lines(file, "/root/snaptui-1/shadow", "/etc/shadow")
    assert made == (
        "install -o 0 -g 42 -m 0640 /root/snaptui-1/shadow /etc/shadow",
        "restorecon /etc/shadow",
        "rm -r /root/snaptui-1",
    )


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "it's",
        "$(touch odd)",
        "-x",
        "\x1b[31mred",
        "two\nlines",
        "ends\n",
        "caf\udce9",
        "🐧*",
    ],
)
def test_a_shell_takes_them_as_they_are_meant(tmp_path: Path, name: str) -> None:
    """The name is a guest's: each character of it can be seen, and none does anything."""
    folder = tmp_path / "snaptui-1"
    folder.mkdir()
    made, place = folder / "a file", tmp_path / "place" / name
    made.write_bytes(b"abc")
    place.parent.mkdir()
    install, restorecon, remove = lines(then(0o4750), str(made), str(place))
    for line in (install, restorecon, remove):
        assert line.isprintable()
    words = "".join(f"{one}\n" for one in ('restorecon() { printf %s. "$@"; }', restorecon))
    told = subprocess.run(["sh"], input=words.encode(), capture_output=True, check=True).stdout
    assert told == os.fsencode(f"{place}.")
    subprocess.run(["sh", "-c", install], check=True)
    assert place.read_bytes() == b"abc"
    assert stat.S_IMODE(place.stat().st_mode) == 0o4750
    assert os.listdir(place.parent) == [name]
    subprocess.run(["sh", "-c", remove], check=True)
    assert not folder.exists()
    assert made.parent.parent.exists()
