"""Reads the heads of image files and of all that lies beneath them.

A file may hang (a share whose server is gone), and what hangs cannot be interrupted: each
file is a call of its own, and none is called for again while an earlier call for it is
under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from snaptui.backend.protocol.files import Files
from snaptui.common.errors import DamagedImage, Disconnected, NoImage, SilentImage, SnaptuiError
from snaptui.common.worker import Priority, Worker
from snaptui.model.image import Damaged, ImageInfo, Missing, NotKnown, Silent
from snaptui.storage.backing_chain import DEEPEST
from snaptui.storage.in_image import Images

PUBLISH = 0.25
"""Seconds between two tellings of what has been read while more is coming."""

_Head = ImageInfo | NotKnown


def read_head(backend: Files, path: str, *, raw: bool = False) -> ImageInfo | NotKnown:
    """The head of one image, or why there is none; blocks.

    Raises:
        Disconnected: the host is gone.
    """
    try:
        return backend.image(path, raw=raw)
    except Disconnected:
        raise
    except NoImage as error:
        return Missing(error.message)
    except DamagedImage as error:
        return Damaged(error.message)
    except SilentImage as error:
        return Silent(error.message)
    except SnaptuiError as error:
        return NotKnown(error.message)


def read_heads(backend: Files, wanted: Mapping[str, bool]) -> Images:
    """The heads of files and of what lies beneath them; blocks.

    Args:
        wanted: by path, whether it is known to be raw.

    Raises:
        Disconnected: the host is gone.
    """
    found: dict[str, ImageInfo | NotKnown] = {}
    due = dict(wanted)
    for _ in range(DEEPEST):
        if not due:
            break
        heads = backend.together(
            partial(read_head, backend, path, raw=raw) for path, raw in due.items()
        )
        found |= dict(zip(due, heads, strict=True))
        due = {
            head.backing: head.backing_format == "raw"
            for head in heads
            if isinstance(head, ImageInfo)
            and isinstance(head.backing, str)
            and head.backing not in found
        }
    return found


class Heads:
    """Reads heads; one of these for all domains of a host."""

    def __init__(self, backend: Files, worker: Worker) -> None:
        self._backend = backend
        self._worker = worker
        self._under_way: dict[str, asyncio.Future[_Head]] = {}

    async def read(self, wanted: Mapping[str, bool], tell: Callable[[Images], None]) -> None:
        """Read files and what lies beneath them.

        Args:
            wanted: by path, whether it is known to be raw.
            tell: called with all that was read so far, by path; the last time with everything.
        """
        depths = dict.fromkeys(wanted, 1)
        found: dict[str, _Head] = {}
        tasks = {asyncio.create_task(self._one(path, raw)) for path, raw in wanted.items()}
        done: set[asyncio.Task[tuple[str, _Head]]] = set()
        told = time.monotonic()
        try:
            while tasks:
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    path, head = task.result()
                    found[path] = head
                    beneath = head.backing if isinstance(head, ImageInfo) else None
                    if isinstance(beneath, str) and beneath not in depths:
                        depths[beneath] = depths[path] + 1
                        if depths[beneath] <= DEEPEST:
                            raw = isinstance(head, ImageInfo) and head.backing_format == "raw"
                            tasks.add(asyncio.create_task(self._one(beneath, raw)))
                if tasks and time.monotonic() >= told + PUBLISH:
                    told = time.monotonic()
                    tell(dict(found))
        finally:
            for task in (*done, *tasks):  # of those that failed together one error was taken
                task.cancel()
        tell(found)

    async def _one(self, path: str, raw: bool) -> tuple[str, _Head]:
        while (earlier := self._under_way.get(path)) is not None:
            await asyncio.wait([earlier])
        begun = False

        def read() -> _Head:
            nonlocal begun
            begun = True
            try:
                return read_head(self._backend, path, raw=raw)
            except Disconnected as error:
                return NotKnown(error.message)

        call = self._worker.files.call(read, priority=Priority.VISIBLE)
        self._under_way[path] = call
        call.add_done_callback(lambda _: self._under_way.pop(path))
        try:
            return path, await asyncio.shield(call)
        except asyncio.CancelledError:
            if not begun:
                call.cancel()
            raise
