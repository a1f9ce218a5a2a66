"""The images that are shown for themselves, and the selected one's snapshots; it has no screen.

Those named on the command line, and those of the host that no domain uses. To find these, every
domain and pool is asked: once in the background, and again when somebody wants it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Priority, Worker, start, wait
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import User
from snaptui.model.host import Host
from snaptui.model.image import ImageInfo, ImageKey, NotKnown
from snaptui.storage.in_image import settled

if TYPE_CHECKING:
    from snaptui.storage.inventory import Inventory

TICK = 1.0
"""Seconds between two looks at the selected image."""
FAR_TICK = 30.0
"""The same for one on another host, where a look is several round trips."""
RETRY = 30.0
"""Seconds after which a host that could not be asked is asked again."""


WAITING = NotKnown("not read yet")
"""Before an image was read, or all were asked about it."""


@dataclass(frozen=True, slots=True)
class ListedImage:
    """One image of the list.

    Attributes:
        head: what it is; :data:`WAITING` before it was read.
        holders: who names it; :data:`WAITING` before all were asked.
    """

    key: ImageKey
    head: ImageInfo | NotKnown
    holders: tuple[User, ...] | NotKnown


@dataclass(frozen=True, slots=True)
class ImagesState:
    """What is known of the images at one moment.

    Attributes:
        images: by key, those named on the command line first.
        doubts: why some may be missing, or be used by somebody after all.
    """

    images: Mapping[ImageKey, ListedImage] = field(default_factory=lambda: MappingProxyType({}))
    doubts: tuple[Doubt, ...] = ()

    def doubts_about(self, key: ImageKey) -> tuple[str, ...]:
        """Those that reach an image, in words."""
        return tuple(one.words for one in self.doubts if one.reaches((key.path,)))


class ImageWatch:
    """Keeps :attr:`state` fresh.

    Args:
        host: as it was when it was last connected to; why it never was, where that is known.
        given: paths of the images named on the command line, without symbolic links.
        on_change: called on the loop after each change of :attr:`state`.
    """

    def __init__(
        self,
        backend: Looks,
        worker: Worker,
        host: Callable[[], Host | str],
        given: Iterable[str],
        *,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._host = host
        self._on_change = on_change
        self._given = tuple(ImageKey(backend.uri, path) for path in given)
        self._again = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.selected: ImageKey | None = None
        self.state = ImagesState(
            MappingProxyType({key: ListedImage(key, WAITING, WAITING) for key in self._given})
        )

    def start(self) -> None:
        """Begin to look, unless that was begun: then all are asked anew."""
        if self._looking is None:
            self._looking = start(self._look())
        else:
            self.look_again()

    def stop(self) -> None:
        """Stop to look."""
        for task in (self._looking, self._following):
            if task is not None:
                task.cancel()

    def look_again(self) -> None:
        """Ask again who uses what, now."""
        self._again.set()

    def select(self, key: ImageKey | None) -> None:
        """Follow another image, or none."""
        if key == self.selected:
            return
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self.selected = key
        if key is not None:
            self._following = start(self._follow(key))
        self._on_change()

    @property
    def shown(self) -> ListedImage | None:
        """The selected image, as long as it is listed."""
        return None if self.selected is None else self.state.images.get(self.selected)

    async def _look(self) -> None:
        heads = asyncio.gather(*(self._read(key) for key in self._given))
        try:
            await self._keep_asking()
        finally:
            heads.cancel()

    async def _keep_asking(self) -> None:
        while True:
            self._again.clear()
            failed = await self._ask()
            await wait(self._again, RETRY if failed else None)

    async def _ask(self) -> bool:
        """Take the inventory; whether that failed."""
        if isinstance(host := self._host(), str):
            why = NotKnown(f"not checked: {host}")
            images = {k: replace(one, holders=why) for k, one in self.state.images.items()}
            self._update(replace(self.state, images=MappingProxyType(images)))
            return True
        from snaptui.discovery.inventory import take_inventory

        paths = [key.path for key in self._given]
        try:
            inventory = await self._worker.reads.call(
                lambda: take_inventory(self._backend, host, paths),
                priority=Priority.BACKGROUND,
            )
        except SnaptuiError as error:
            self._update(replace(self.state, doubts=(Doubt(Unread.HOST, "", error.message),)))
            return True
        images = {key: self._given_one(key, inventory) for key in self._given}
        for path in inventory.unused:
            key = ImageKey(host.uri, path)
            images.setdefault(key, ListedImage(key, inventory.images[path], ()))
        self._update(ImagesState(MappingProxyType(images), inventory.doubts))
        return False

    def _given_one(self, key: ImageKey, inventory: Inventory) -> ListedImage:
        known = self.state.images[key]
        return replace(known, holders=inventory.held_by(key.path))

    async def _follow(self, key: ImageKey) -> None:
        while True:
            if key in self.state.images:
                await self._read(key)
            host = self._host()
            near = isinstance(host, str) or host.local  # those that were given are here
            await asyncio.sleep(TICK if near else FAR_TICK)

    async def _read(self, key: ImageKey) -> None:
        def read() -> ImageInfo | NotKnown:
            try:
                return self._backend.image(key.path)
            except SnaptuiError as error:
                return NotKnown(error.message)

        head = await self._worker.files.call(read, priority=Priority.VISIBLE)
        if (listed := self.state.images.get(key)) is not None:
            images = {**self.state.images, key: replace(listed, head=head)}
            rewritten = settled({key.path: listed.head}) != settled({key.path: head})
            state = replace(self.state, images=MappingProxyType(images))
            self._update(state, rewritten=rewritten)

    def _update(self, state: ImagesState, *, rewritten: bool = False) -> None:
        if state != self.state or rewritten:
            self.state = state
            self._on_change()
