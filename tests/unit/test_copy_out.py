"""Copying out into a directory that does not answer: keys go on, and nothing is left of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import stat
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from snaptui.common.worker import Worker
from snaptui.guest_files.copy_out import copy_out
from snaptui.guest_files.opened import GuestFiles
from snaptui.model.guest_file import GuestFile
from tests.unit.test_host_lost import until

DATA = b"four"


class OneFile:
    """What stands for a guest's file systems: one file."""

    async def stat(self, _: str) -> GuestFile:
        return GuestFile("hosts", stat.S_IFREG | 0o644, 0, 0, len(DATA), 0, 0, 1, 1, 1)

    async def read(self, _: str, at: int, __: int) -> bytes:
        return DATA[at:]


def opened(directory: Path) -> list[str]:
    """What this process has open there."""
    links = (f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd"))
    paths = [os.readlink(one) for one in links if os.path.islink(one)]
    return [one for one in paths if one.startswith(str(directory))]


@pytest.mark.parametrize(
    ("call", "turn"), [("open", 1), ("open", 2), ("pwrite", 1), ("ftruncate", 1)]
)
async def test_a_directory_that_does_not_answer(
    call: str, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever waits for it: the loop does not, and who cancels finds nothing there."""
    begun, answers, ended = threading.Event(), threading.Event(), threading.Event()
    turns = itertools.count(1)
    real = getattr(os, call)

    def held(*given: Any, **more: Any) -> Any:
        if next(turns) != turn:
            return real(*given, **more)
        begun.set()
        assert answers.wait(60)
        try:
            return real(*given, **more)
        finally:
            ended.set()

    monkeypatch.setattr(os, call, held)
    files = cast(GuestFiles, OneFile())
    copying = asyncio.create_task(
        copy_out(files, Worker(), "/etc/hosts", str(tmp_path), lambda *_: None)
    )
    await asyncio.to_thread(begun.wait)
    copying.cancel()
    await asyncio.sleep(0)
    answers.set()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert not os.listdir(tmp_path)
    await asyncio.to_thread(ended.wait)
    await until(lambda: not opened(tmp_path))
