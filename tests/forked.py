"""The program without the time that Python takes to import it: forked off a server that has."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.reduction import DupFd
from pathlib import Path

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preloaded"])


class Forked:
    """A process of its own, with the part of :class:`subprocess.Popen` that is needed here."""

    def __init__(
        self,
        main: Callable[[], int],
        arguments: list[str],
        tty: int,
        environment: dict[str, str],
    ) -> None:
        self.args = arguments
        told = (main, arguments, _Tty(tty), environment)
        self._process = _CONTEXT.Process(target=_run, args=told)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, or the negative number of the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Like Popen's."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Like Popen's."""
        self._process.join(timeout)
        if self.returncode is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Like Popen's."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Like Popen's."""
        self.send_signal(signal.SIGKILL)


def answered(main: Callable[[], int], *words: str) -> subprocess.CompletedProcess[str]:
    """What the program says to these words without a terminal, as :func:`subprocess.run` has it."""
    with tempfile.TemporaryDirectory() as directory:
        out, err = Path(directory) / "out", Path(directory) / "err"
        told = (main, list(words), (str(out), str(err)), dict(os.environ))
        process = _CONTEXT.Process(target=_answer, args=told)
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(
            words, process.exitcode, out.read_text(), err.read_text()
        )


class _Tty:
    """A descriptor on its way to another process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[object, ...]:
        return _received, (DupFd(self._number),)


def _received(duplicate: object) -> int:
    return duplicate.detach()  # type: ignore[attr-defined, no-any-return]  # untyped


def _run(
    main: Callable[[], int], arguments: list[str], tty: int, environment: dict[str, str]
) -> None:
    """Become the program as if it had been started on a terminal."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell
    for number in (0, 1, 2):
        os.dup2(tty, number)
    os.close(tty)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115 - it stays open
    _become(main, arguments, environment)


def _answer(
    main: Callable[[], int],
    arguments: list[str],
    said: tuple[str, str],
    environment: dict[str, str],
) -> None:
    """Become the program as if it had been started with its output in files."""
    for number, path in enumerate((os.devnull, *said)):
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    _become(main, arguments, environment)


def _become(main: Callable[[], int], arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["snaptui", *arguments]
    sys.exit(main())
