"""snaptui imported from an archive, where none of its files has a path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.lab import Lab
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
GUARD = """\
from snaptui.backend.virt.freeze_guard import Guard
guard = Guard("test:///default")
guard.watch("6695eb01-f6a4-8304-79aa-97f2502e193f")
print(open(f"/proc/{guard.process.pid}/environ", "rb").read().count(b"PYTHON"), guard.process.args)
guard.release("6695eb01-f6a4-8304-79aa-97f2502e193f")
"""
SUPERVISED = """\
import json
from snaptui.common import own_python
print(json.dumps(own_python.command("snaptui.demo.supervisor", "sh", "-c", "echo ran; exit 3")))
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "snaptui.zip"
    with ZipFile(path, "w") as opened:
        for file in (ROOT / "snaptui").rglob("*"):
            if file.suffix in (".py", ".tcss"):
                opened.write(file, file.relative_to(ROOT))
    return path


def run(archive: Path, code: str) -> str:
    """What a Python says that has snaptui from the archive."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    start = f"import sys; sys.path.insert(0, {str(archive)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", start + code], env=environment, stdout=subprocess.PIPE, text=True,
        check=True, cwd=archive.parent,
    ).stdout  # fmt: skip


def test_the_screens_have_their_styles(
    lab: Lab, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive.parent)  # -m imports from the directory here first
    lab.define("web")
    with Terminal(["-c", lab.uri], environment={"PYTHONPATH": str(archive)}) as terminal:
        terminal.wait("▌ web", "no snapshots yet")
        terminal.press("c")
        terminal.wait("Create a snapshot of web", "Ready, ")
        assert terminal.dialog, "its box is one only by the sheet of the dialogs"


def test_what_thaws_guests_comes_from_there_too_and_hands_nothing_on(archive: Path) -> None:
    variables, _, command = run(archive, GUARD).partition(" ")
    assert variables == "0"
    assert str(archive) in command


def test_what_holds_a_demo_of_an_ordinary_user_comes_from_there_too(archive: Path) -> None:
    command = json.loads(run(archive, SUPERVISED))
    assert str(archive) in command[4]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=archive.parent
    ) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == b"ran\n"
