"""The processes of one look: how they are started, confined, listened to and waited for."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from snaptui.common import text

AGAIN = 0.02
"""Seconds between two looks at what a process should have made."""
MOST_SAID = 1 << 20
"""Bytes of what a process says that are read."""
SAID = 4 << 10
"""Bytes free where a process can say anything."""


class Over(Exception):
    """Whoever wanted the files is gone."""


class Failed(Exception):
    """The files cannot be read, for the reason given."""


class Missing(Failed):
    """What has this name is not installed."""


def program(name: str) -> str:
    """The path of a program.

    Raises:
        Missing: there is none.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(name)
    return found


def no_room(folder: Path, needed: int) -> str:
    """Why nothing can be written there; empty where so many bytes are free."""
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return ""
    return f"no space left in {folder}: {text.size(free)} are free, {text.size(needed)} are needed"


class Crew:
    """Starts processes in a directory of their own; each ends when this one does.

    All that waits raises :class:`Over` when standard input closes.

    Args:
        folder: an empty directory.
        user: ID of the user that the unprivileged ones belong to; ``None`` for that of this one.

    Attributes:
        own: a directory in it that the unprivileged ones may write to.
        files: the socket on which the bytes of the images' files are given out.
    """

    def __init__(self, folder: Path, user: int | None) -> None:
        self.folder, self.user = folder, user
        self.own, self.files = folder / "own", folder / "files.sock"
        self.own.mkdir(0o700)
        if user is not None:
            folder.chmod(0o711)
            os.chown(self.own, user, user)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        confined: bool = False,
        keep: Sequence[int] = (),
        talk: bool = False,
        into: IO[bytes] | int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a program.

        Args:
            name: of the file that gets what it says about errors.
            confined: as the unprivileged user.
            keep: descriptors that it gets too.
            talk: it is written to, and read from.
            into: what gets its output otherwise.
        """
        within = [program("setpriv"), "--no-new-privs", "--pdeathsig=KILL"]
        if confined and self.user is not None:
            within += [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        with open(self.folder / f"{name}.err", "wb") as errors:
            return subprocess.Popen(
                [*within, *command],
                bufsize=0,  # a line that was read ahead would not be seen by select
                stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talk else into,
                stderr=errors,
                pass_fds=keep,
                process_group=0,
            )

    def done(self, command: Sequence[str], *, confined: bool = True) -> str:
        """Run a program that ends by itself; gives what it said.

        Raises:
            Failed: it says that it failed.
        """
        with open(self.folder / "said", "w+b") as said:
            run = self.start("done", command, confined=confined, into=said)
            while run.poll() is None:
                self.watch(AGAIN)
            if run.returncode:
                raise Failed(self.why("done"))
            said.seek(0)
            return said.read(MOST_SAID).decode(errors="replace")

    def until(self, ready: Path, server: subprocess.Popen[bytes], name: str, limit: float) -> None:
        """Wait until a server has made a file.

        Args:
            limit: seconds.

        Raises:
            Failed: it ended before that, or the time is over.
        """
        end = time.monotonic() + limit
        while not ready.exists():
            if server.poll() is not None:
                raise Failed(f"QEMU cannot open the image: {self.why(name)}")
            if time.monotonic() > end:
                raise Failed(f"QEMU did not open the image within {limit:.0f} s")
            self.watch(AGAIN)

    def line(self, of: subprocess.Popen[bytes], limit: float) -> str | None:
        """The next line of a process that is talked to, empty at its end; ``None`` for no answer.

        Args:
            limit: seconds.
        """
        assert of.stdout is not None
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            if of.stdout in self.watch(left, of.stdout):
                return of.stdout.readline(1 << 14).decode(errors="replace").rstrip("\n")
        return None

    def watch(self, seconds: float, *more: Any) -> list[Any]:
        """Wait; gives what can be read, standard input (0) or one of these."""
        ready, _, _ = select.select([0, *more], [], [], seconds)
        if 0 in ready and not os.read(0, 1 << 10):
            raise Over
        return ready

    def why(self, name: str) -> str:
        """The last words of a program, which are the reason behind all that it quotes.

        A full disk keeps nothing of what is said.
        """
        said = (self.folder / f"{name}.err").read_bytes()[-4000:].decode(errors="replace")
        last = said.strip().rpartition("\n")[2].rpartition("}': ")[2][:300]
        return last or no_room(self.folder.parent, SAID) or "it gave no reason"

    def kill(self, leader: subprocess.Popen[bytes]) -> None:
        """Kill a process with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()
