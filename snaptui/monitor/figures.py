"""What all snapshots of a domain take, kept of each domain that was read whole; no screen.

Nothing is read for it: it is made from what the selected domain, and the views of all domains,
have read anyway.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from snaptui.common.worker import start
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import Layers
from snaptui.storage.disk_cost import Counted
from snaptui.storage.domain_figures import DomainFigures, figures_of
from snaptui.storage.in_image import Unmanaged

Of = tuple[Collection[Snapshot | Unmanaged], Layers]
"""The snapshots of a domain, and how its images lie upon each other."""
_Weighs = tuple[Of, Counted]


class FiguresWatch:
    """Keeps :attr:`known`.

    Attributes:
        known: by domain.

    Args:
        on_change: called on the loop after each change.
    """

    def __init__(self, *, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._due: dict[DomainKey, _Weighs] = {}
        self._task: asyncio.Task[None] | None = None
        self.known: Mapping[DomainKey, DomainFigures] = MappingProxyType({})

    def weigh(self, domains: Mapping[DomainKey, Of], counted: Counted) -> None:
        """Take what was read of these, away from the screen: there may be many snapshots."""
        self._due |= {key: (of, counted) for key, of in domains.items()}
        if self._due and self._task is None:
            self._task = start(self._weigh())

    def stop(self) -> None:
        """Weigh no more."""
        if self._task is not None:
            self._task.cancel()
        self._task, self._due = None, {}

    async def _weigh(self) -> None:
        while self._due:
            due, self._due = self._due, {}
            found = await asyncio.to_thread(functools.partial(_figures, due))
            if any(self.known.get(key) != one for key, one in found.items()):
                self.known = MappingProxyType({**self.known, **found})
                self._on_change()
        self._task = None


def _figures(due: Mapping[DomainKey, _Weighs]) -> dict[DomainKey, DomainFigures]:
    """Of all of these: to hand over each by itself takes longer than to weigh it."""
    return {
        key: figures_of(things, counted, layers) for key, ((things, layers), counted) in due.items()
    }
