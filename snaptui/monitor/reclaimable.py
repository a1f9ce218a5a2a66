"""Reads all domains of a host for the view of its file systems, and counts their images.

It runs for as long as somebody looks: a few domains at a time, then their images one after
another, then who names which file.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import time
from collections import deque
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from types import MappingProxyType

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.common.errors import Disconnected, FixedSize, SnaptuiError
from snaptui.common.worker import Priority, Worker, start
from snaptui.discovery.domain_survey import read_with_files, with_layers
from snaptui.discovery.image_counts import weigh
from snaptui.discovery.image_heads import Heads
from snaptui.discovery.inventory import own_bytes, take_inventory
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.doubts import Doubt
from snaptui.model.files import NamedFile
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, Fixed, NotKnown
from snaptui.monitor.usage import Counting
from snaptui.storage.backing_chain import NO_LAYERS, Layers, files_of, of_several
from snaptui.storage.costs import holding
from snaptui.storage.in_image import Images
from snaptui.storage.inventory import Inventory
from snaptui.storage.reclaimable import Items, Place, Survey, Surveyed, items_of, places
from snaptui.storage.remembered import Remembered
from snaptui.storage.totals import Total

HANGS = 5.0
"""Seconds after which a file that is being read is left out."""
PUBLISH = 0.5
"""Seconds between two changes of what is shown while domains are read."""
PAUSE = 9
"""Times as long as it took to rank them are nothing ranked anew."""
AT_ONCE = 2
"""Domains that are asked at the same time; more cost the threads more than they gain."""

_Answer = tuple[Surveyed, tuple[NamedFile | Doubt, ...] | None, Mapping[str, FileSystem | NotKnown]]
"""A domain, what it names, and the file systems of its images."""


class Surveying:
    """Keeps :attr:`survey` and :attr:`places`.

    Args:
        counting: counts the images; not used by anybody else.
        on_change: called on the loop after each change.

    Attributes:
        weighed: what a count of the images of another host would read, once that was asked for
            and as far as it is known.
        doing: what is being read, in words; empty when all is.
        failed: why it went no further; empty while it does, and when all was read.
    """

    def __init__(
        self,
        backend: Looks,
        worker: Worker,
        counting: Counting,
        *,
        on_change: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._worker = worker
        self._counting = counting
        self._on_change = on_change
        self._heads = Heads(backend, worker)
        self._tasks: list[asyncio.Task[None]] = []
        self._weigh = asyncio.Event()
        self._uncounted: Images = {}
        self._layers = NO_LAYERS
        self._items = Remembered[Surveyed, Items](items_of)
        self.weighed: Total | None = None
        self.survey = Survey()
        self.places: tuple[Place, ...] = ()
        self.doing = self.failed = ""

    def start(self, host: Host, domains: Iterable[Domain], *, again: bool = False) -> None:
        """Read these domains.

        Args:
            again: count all images anew, not only those whose snapshots changed; of another host
                :attr:`weighed` says first what that reads.
        """
        self.stop()
        self.failed = ""
        listed = sorted(domains, key=lambda domain: domain.name)
        self._tasks = [start(self._read(host, listed, again)), start(self._keep_weighed())]

    def stop(self) -> None:
        """Stop to read and to count."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self.weighed = None
        self._counting.stop()

    @property
    def weighs(self) -> int:
        """How many images :attr:`weighed` is about."""
        return len(self._uncounted)

    def count(self) -> None:
        """Count the images of another host, as they were weighed."""
        if self.weighed is not None:
            self.weighed = None
            self._counting.want(self._uncounted, near=False, layers=self._layers, again=True)

    def counted(self) -> None:
        """More was counted."""
        self._weigh.set()

    async def _read(self, host: Host, domains: list[Domain], again: bool) -> None:
        keys = {domain.key for domain in domains}
        # what was read before stays until it is read again: no row goes and comes back
        known = {one.domain.key: one for one in self.survey.domains if one.domain.key in keys}
        failed: dict[str, str] = {}
        spaces = dict(self.survey.spaces)
        inventory, own = self.survey.inventory, dict(self.survey.own)
        try:
            named: dict[DomainKey, Sequence[NamedFile | Doubt]] = {}
            async for number, domain, answer in self._answers(host, domains):
                self.doing = f"reading {domain.name} ({number} of {len(domains)})"
                if isinstance(answer, SnaptuiError):
                    failed[domain.name] = answer.message
                    known.pop(domain.key, None)
                    continue
                known[domain.key], files, space = answer
                spaces |= space
                if files is not None:
                    named[domain.key] = files
                self._set(known, failed, spaces, inventory, own)
            layers = of_several(one.layers for one in known.values())
            counted = {
                path for one in known.values() for path in holding(one.config, one.snapshots)
            }
            heads = {path: layers.heads[path] for path in counted if path in layers.heads}
            now = again and host.local
            self._counting.want(heads, near=host.local, layers=layers, again=now)
            if again and not host.local:
                await self._weigh_all(heads, layers)
            self._say("looking for overlays that nothing names")
            inventory = await self._worker.files.call(
                lambda: take_inventory(self._backend, host, named=named),
                priority=Priority.BACKGROUND,
            )
            spaces |= await self._worker.files.call(
                functools.partial(_spaces, self._backend, host, inventory.orphans)
            )
            for path in inventory.orphans:
                self._set(known, failed, spaces, inventory, own)
                self._say(f"counting what {path} holds by itself")
                own[path] = await self._worker.files.call(
                    functools.partial(_own, self._backend, host, path),
                    priority=Priority.BACKGROUND,
                )
        except SnaptuiError as error:
            self.failed = error.message
            self._say("")
            return
        self._set(known, failed, spaces, inventory, own)
        self._say("")

    async def _weigh_all(self, heads: Images, layers: Layers) -> None:
        """Say what a count of far images would read, before any of it is read."""
        far = {path: head for path, head in heads.items() if not isinstance(head, NotKnown)}
        self._uncounted = {path: one for path, one in far.items() if one.format == "qcow2"}
        self._layers, total = layers, Total()
        for path in self._uncounted:
            self._say(f"asking how much a count of {path} reads")
            size = await self._worker.files.call(
                functools.partial(weigh, self._backend, path), priority=Priority.VISIBLE
            )
            total = total.plus(size)
            if layers.merged_beneath(path):
                total = total.plus(NotKnown("what lies beneath is read, too"))
        self.weighed = total

    async def _answers(
        self, host: Host, domains: Sequence[Domain]
    ) -> AsyncIterator[tuple[int, Domain, _Answer | SnaptuiError]]:
        """What each of the domains says, in their order; some are asked at the same time.

        Raises:
            Disconnected: the host is gone.
        """
        asked: deque[asyncio.Task[_Answer | SnaptuiError]] = deque()
        try:
            for number, domain in enumerate(domains, 1):
                for one in domains[number - 1 + len(asked) : number - 1 + AT_ONCE]:
                    asked.append(asyncio.create_task(self._ask(host, one)))
                yield number, domain, await asked[0]
                asked.popleft()
        finally:
            for task in asked:
                task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
                task.cancel()

    async def _ask(self, host: Host, domain: Domain) -> _Answer | SnaptuiError:
        try:
            one, named = await self._worker.reads.call(
                functools.partial(read_with_files, self._backend, domain),
                priority=Priority.VISIBLE,
            )
        except Disconnected:
            raise
        except SnaptuiError as error:
            return error
        one = await self._with_layers(host, one)
        spaces = await self._worker.files.call(
            functools.partial(_spaces, self._backend, host, tuple(one.layers.heads)),
            priority=Priority.VISIBLE,
        )
        return one, named, spaces

    async def _with_layers(self, host: Host, one: Surveyed) -> Surveyed:
        """With the heads of its images; one that hangs is left out."""
        found: Images = {}

        def tell(heads: Images) -> None:
            nonlocal found
            found = heads

        reading = self._heads.read(files_of(one.config, one.snapshots), tell)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANGS):
                await reading
        return with_layers(host, one, found)

    def _set(
        self,
        known: Mapping[DomainKey, Surveyed],
        failed: dict[str, str],
        spaces: dict[str, FileSystem | NotKnown],
        inventory: Inventory | None,
        own: dict[str, int | NotKnown],
    ) -> None:
        self.survey = Survey(
            tuple(known.values()),
            MappingProxyType(dict(spaces)),
            MappingProxyType(dict(failed)),
            inventory,
            MappingProxyType(dict(own)),
        )
        self._weigh.set()

    def _say(self, doing: str) -> None:
        self.doing = doing
        self._on_change()

    async def _keep_weighed(self) -> None:
        """Rank anew when something changed, away from the screen: there may be many."""
        while True:
            await self._weigh.wait()
            self._weigh.clear()
            began = time.monotonic()
            weigh = functools.partial(
                places, self.survey, self._counting.state.counted, self._items
            )
            self.places = await asyncio.to_thread(weigh)  # no lane: those end with the host
            self._on_change()
            await asyncio.sleep(max(PUBLISH, PAUSE * (time.monotonic() - began)))


def _own(backend: Files, host: Host, path: str) -> int | NotKnown:
    if not host.local:
        return NotKnown("all its tables would come over the link")
    try:
        return own_bytes(backend, path)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def _spaces(backend: Files, host: Host, paths: Collection[str]) -> dict[str, FileSystem | NotKnown]:
    """By path. Of another host each costs round trips, and those of a directory are one pool's."""
    ask = backend.file_system if host.local else backend.pool_space
    asked: dict[str, FileSystem | NotKnown] = {}
    spaces: dict[str, FileSystem | NotKnown] = {}
    for path in paths:
        place = path if host.local or path.startswith("/dev/") else os.path.dirname(path)
        if place not in asked:
            try:
                asked[place] = ask(path)
            except FixedSize as error:
                asked[place] = Fixed(error.message)
            except SnaptuiError as error:
                asked[place] = NotKnown(error.message)
        spaces[path] = asked[place]
    return spaces
