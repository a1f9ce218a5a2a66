"""Whose connection is opened when: a few at a time, those on screen first.

sshd lets ten at most be on their way through sign-in at once and then drops new ones at random
(sshd_config(5), MaxStartups 10:30:100), also where they only pass through it to another host.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

AT_ONCE = 8
"""Connections that are being opened at the same time."""
THROUGH_ONE = 4
"""Of these, those through the same jump host."""
LENT = 10.0
"""Seconds after which one that is still being opened makes room for others: its host is dead or
far, and keeps nobody waiting."""

Turn = Callable[[str], AbstractAsyncContextManager[None]]
"""What waits until a connection may be opened, and holds its place meanwhile.

It is handed the host through which ssh goes to the other one; empty without.
"""


@dataclass(eq=False, slots=True)
class _Place:
    uri: str
    through: str
    come: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False


class Openings:
    """Gives turns.

    Attributes:
        first: URIs of the hosts that are on screen.
    """

    def __init__(self) -> None:
        self._waiting: list[_Place] = []
        self._opening: Counter[str] = Counter()
        self.first: frozenset[str] = frozenset()

    def turn(self, uri: str) -> Turn:
        """That of a host."""
        return functools.partial(self._turn, uri)

    @contextlib.asynccontextmanager
    async def _turn(self, uri: str, through: str) -> AsyncIterator[None]:
        place = _Place(uri, through)
        self._waiting.append(place)
        self._admit()
        try:
            await place.come.wait()
            leaving = asyncio.get_running_loop().call_later(LENT, self._leave, place)
            try:
                yield
            finally:
                leaving.cancel()
        finally:
            self._leave(place)

    def _leave(self, place: _Place) -> None:
        if place.left:
            return
        place.left = True
        if place in self._waiting:
            self._waiting.remove(place)
        else:
            self._opening[place.through] -= 1
        self._admit()

    def _admit(self) -> None:
        """Let those in for whom there is room; those on screen before the others."""
        for one in sorted(self._waiting, key=lambda one: one.uri not in self.first):
            if self._opening.total() >= AT_ONCE:
                return
            if one.through and self._opening[one.through] >= THROUGH_ONE:
                continue
            self._opening[one.through] += 1
            self._waiting.remove(one)
            one.come.set()
