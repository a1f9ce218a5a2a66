"""Heads of images and what lies beneath: each once, and one that hangs holds up nothing else."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.discovery import image_heads
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.storage.backing_chain import DEEPEST
from snaptui.storage.in_image import Images
from tests.lab import Lab, qemu_img


class Noting(LibvirtBackend):
    """Notes which images are read; those named hang until told otherwise."""

    def __init__(self, uri: str, *hanging: str) -> None:
        super().__init__(uri)
        self.read: Counter[str] = Counter()
        self._hanging = hanging
        self.hung = threading.Semaphore(0)
        self.go_on = threading.Event()

    def image(self, path: str, *, raw: bool = False) -> ImageInfo:
        self.read[path] += 1
        if path in self._hanging:
            self.hung.release()
            self.go_on.wait(30)
        return super().image(path, raw=raw)


@pytest.fixture
def stack(lab: Lab) -> list[str]:
    """Images that lie upon each other, the lowest first."""
    paths = [str(lab.images / f"{name}.qcow2") for name in "abc"]
    qemu_img("create", "-q", "-f", "qcow2", paths[0], "1M")
    for below, path in itertools.pairwise(paths):
        qemu_img("create", "-q", "-f", "qcow2", "-b", below, "-F", "qcow2", path)
    return paths


async def read(reader: image_heads.Heads, *paths: str) -> Images:
    told: list[Images] = []
    await reader.read(dict.fromkeys(paths, False), told.append)
    return told[-1]


async def test_each_is_read_once(lab: Lab, stack: list[str]) -> None:
    backend = Noting(lab.uri)
    found = await read(image_heads.Heads(backend, Worker()), stack[2], stack[1])
    assert found.keys() == set(stack)
    assert backend.read == Counter(stack)
    qemu_img("rebase", "-u", "-f", "qcow2", "-b", stack[2], "-F", "qcow2", stack[0])
    found = await read(image_heads.Heads(backend, Worker()), stack[2])
    assert found.keys() == set(stack)


async def test_a_chain_without_end_is_followed_no_further_than_libvirt_does(lab: Lab) -> None:
    paths = [str(lab.images / f"{number}.qcow2") for number in range(DEEPEST + 5)]
    qemu_img("create", "-q", "-f", "qcow2", paths[0], "1M")
    for below, path in itertools.pairwise(paths):
        qemu_img("create", "-q", "-f", "qcow2", "-u", "-b", below, "-F", "qcow2", path, "1M")
    found = await read(image_heads.Heads(Noting(lab.uri), Worker()), paths[-1])
    assert found.keys() == set(paths[-DEEPEST:])


async def test_one_that_hangs_holds_up_only_itself(
    lab: Lab, stack: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_heads, "PUBLISH", 0.0)
    lone = str(lab.images / "lone.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", lone, "1M")
    backend = Noting(lab.uri, stack[1])
    reader = image_heads.Heads(backend, Worker())
    told: list[Images] = []
    enough = asyncio.Event()

    def tell(found: Images) -> None:
        told.append(found)
        if {stack[2], lone} <= found.keys():
            enough.set()

    first = asyncio.create_task(reader.read({stack[2]: False, lone: False}, tell))
    await asyncio.wait_for(enough.wait(), 15)
    await asyncio.to_thread(backend.hung.acquire, timeout=60)
    assert stack[1] not in told[-1]
    first.cancel()
    enough.clear()
    second = asyncio.create_task(reader.read({stack[2]: False, lone: False}, tell))
    await asyncio.wait_for(enough.wait(), 15)
    assert backend.read[stack[1]] == 1, "the one that hangs is not called for again"
    backend.go_on.set()
    await asyncio.wait_for(second, 15)
    assert told[-1].keys() == {*stack, lone}
    assert not any(isinstance(head, NotKnown) for head in told[-1].values())


async def test_what_was_not_begun_is_not_read_for_one_who_went_away(
    lab: Lab, stack: list[str]
) -> None:
    backend = Noting(lab.uri, stack[0], stack[1])
    worker = Worker()
    reader = image_heads.Heads(backend, worker)
    task = asyncio.create_task(reader.read(dict.fromkeys(stack, False), lambda found: None))
    for _ in range(2):
        await asyncio.to_thread(backend.hung.acquire, timeout=60)
    task.cancel()
    await asyncio.wait([task])
    backend.go_on.set()
    await worker.files.call(lambda: None)
    assert backend.read == Counter(stack[:2])


async def test_what_cannot_be_read_says_why(lab: Lab) -> None:
    path = str(lab.images / "none.qcow2")
    found = await read(image_heads.Heads(Noting(lab.uri), Worker()), path)
    head = found[path]
    assert isinstance(head, NotKnown)
    assert "No such file" in head.reason
