"""Where operations that belong together wait for each other."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Collection


class Place(enum.IntEnum):
    """A place on the way of an operation where the others are waited for, in this order."""

    TAKEN = 1


class Meeting:
    """Keeps how far each of several operations is; lives on one asyncio loop.

    Args:
        numbers: of the operations.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._at = dict.fromkeys(numbers, 0)
        self._left: set[int] = set()
        self._took: list[tuple[float, float]] = []
        self._moved = asyncio.Condition()

    @property
    def spread(self) -> float:
        """Seconds from the first call to the end of the last, of the snapshots so far."""
        began, ended = zip(*self._took, strict=True)
        return float(max(ended) - min(began))

    def took(self, began: float, ended: float) -> None:
        """Say when a snapshot was taken, in seconds since the epoch."""
        self._took.append((began, ended))

    async def come(self, number: int, place: Place) -> None:
        """Come to a place, and wait there until all others have, or are over."""
        async with self._moved:
            self._at[number] = place
            self._moved.notify_all()
            await self._moved.wait_for(
                lambda: all(at >= place or one in self._left for one, at in self._at.items())
            )

    async def leave(self, number: int) -> None:
        """Say that an operation is over, however it ended."""
        async with self._moved:
            self._left.add(number)
            self._moved.notify_all()
