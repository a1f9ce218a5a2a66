"""Looking at files whose file system may not answer, such as a share whose server is gone.

What hangs in the kernel cannot be interrupted. So each look has a thread of its own, which is
left behind when it hangs: when it takes long and a file cannot even be opened meanwhile. A disk
that is only slow opens its files, and is waited for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import TypeVar

from snaptui.backend.files.mounts import mount_over
from snaptui.common.errors import SilentImage

T = TypeVar("T")

LONG = 3.0
"""Seconds after which a look, or an attempt to open the file, has taken long."""
SHORT = 0.3
"""The same where something else on the file system hangs already."""


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
        while looking not in wait([looking], seconds).done:
            self._open(paths, seconds)
        return looking.result()

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
            if opening not in wait([opening], seconds).done:
                raise _silence(path)


def _begin(run: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def settle() -> None:
        try:
            result = run()
        except BaseException as error:  # whatever it is belongs to the one who waits
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=settle, name="look", daemon=True).start()
    return future


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
        hint="Is the server of a share gone? It is read again as soon as it answers.",
    )
