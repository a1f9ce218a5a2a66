"""What a command line makes a real shell do."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SHELLS = tuple(
    shell for shell in ("dash", "bash", "busybox sh", "zsh") if shutil.which(shell.split()[0])
)
"""Those that are there."""
PROGRAMS = ("virsh", "qemu-img", "mv", "rm")

_PRINTER = """\
#!/bin/sh
printf '%s\\0' "${0##*/}" "$@"
"""


def argv(line: str, shell: str = "sh") -> list[str]:
    """What the shell starts when a line is given to it; nothing of it is done."""
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    done = _run([*words, "-c", line], b"")
    assert (done.returncode, done.stderr) == (0, b""), line
    return _words(done.stdout)


def typed_into_bash(line: str) -> list[str]:
    """The same where somebody pastes it: there bash looks for ``!`` first (HISTORY EXPANSION)."""
    command = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
    return _words(_run(command, os.fsencode(f"{line}\n")).stdout)


def _run(command: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PATH": f"{_printers().name}:{os.environ['PATH']}"}
    return subprocess.run(
        command, env=environment, input=given, capture_output=True, check=False,
        start_new_session=True,
    )  # fmt: skip


def _words(printed: bytes) -> list[str]:
    return [os.fsdecode(word) for word in printed.split(b"\0")[:-1]]


@functools.cache
def _printers() -> tempfile.TemporaryDirectory[str]:
    directory = tempfile.TemporaryDirectory(prefix="printers-")
    for name in PROGRAMS:
        path = Path(directory.name) / name
        path.write_text(_PRINTER)
        path.chmod(0o755)
    return directory
