"""Looking at files whose file system may not answer, such as a share whose server is gone.

What hangs in the kernel cannot be interrupted. So each look is that of another thread, which is
left behind when it hangs: when it takes long and a file cannot even be opened meanwhile. A disk
that is only slow opens its files, and is waited for. A thread that has its answer takes the next
look: to start one for each is most of the work of a look.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, ClassVar, TypeVar

from snaptui.backend.files.mounts import mount_over
from snaptui.common.errors import SilentImage
from snaptui.common.threads import again, without_frames

T = TypeVar("T")

LONG = 3.0
"""Seconds after which a look, or an attempt to open the file, has taken long."""
SHORT = 0.3
"""The same where something else on the file system hangs already."""
KEPT = 4
"""Threads at most that wait for a next look; more looks at the same time than these are rare."""


class Patience:
    """Remembers what hangs, and as long as it does, nobody waits for it again."""

    def __init__(self) -> None:
        self._opening: dict[str, Future[None]] = {}

    def look(self, run: Callable[[], T], *paths: str) -> T:
        """The result of a call that looks at these files.

        Raises:
            SilentImage: the file system of one does not answer; or as the call does.
        """
        seconds = self._patience(paths)
        looking = _begin(run)
        while not _over(looking, seconds):
            self._open(paths, seconds)
        return again(looking)

    def _patience(self, paths: tuple[str, ...]) -> float:
        hanging = {path for path, opening in list(self._opening.items()) if not opening.done()}
        for path in hanging.intersection(paths):
            raise _silence(path)
        if not hanging:
            return LONG
        mounts = set(map(mount_over, hanging))
        return SHORT if mounts.intersection(map(mount_over, paths)) else LONG

    def _open(self, paths: tuple[str, ...], seconds: float) -> None:
        for path in paths:
            self._opening[path] = opening = _begin(partial(_open, path))
            if not _over(opening, seconds):
                raise _silence(path)


class _Looker(threading.Thread):
    """Looks, and is idle between its answers."""

    idle: ClassVar[list[_Looker]] = []

    def __init__(self) -> None:
        super().__init__(name="look", daemon=True)
        self.asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()

    def run(self) -> None:
        while self._answer(*self.asked.get()):
            continue

    def _answer(self, run: Callable[[], T], answer: Future[T]) -> bool:
        """Look, and say whether another one may be asked for."""
        try:
            result = run()
        except BaseException as error:  # whatever it is belongs to the one who waits
            stays = self._stay()
            answer.set_exception(without_frames(error))
        else:
            stays = self._stay()
            answer.set_result(result)
        return stays

    def _stay(self) -> bool:
        """Be there for the next look, before the one who waits can have it."""
        if len(self.idle) >= KEPT:
            return False
        self.idle.append(self)
        return True


def _begin(run: Callable[[], T]) -> Future[T]:
    answer: Future[T] = Future()
    try:
        looker = _Looker.idle.pop()
    except IndexError:
        looker = _Looker()
        looker.start()
    looker.asked.put((run, answer))
    return answer


def _over(looking: Future[Any], seconds: float) -> bool:
    """Whether it is, after so long at most."""
    try:
        looking.exception(seconds)
    except TimeoutError:
        return False
    return True


def _open(path: str) -> None:
    """Ask its file system something that no cache answers (statfs(2))."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fstatvfs(file)
        finally:
            os.close(file)


def _silence(path: str) -> SilentImage:
    return SilentImage(
        f"No answer from the file system of {path}.",
        hint="Its server may be down. snaptui reads it as soon as it answers.",
    )
