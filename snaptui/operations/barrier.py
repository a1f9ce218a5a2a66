"""Where operations that belong together wait for each other."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Collection

from snaptui.plan.plan import Plan, RevertIntent
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.steps.group import NoteGroup, ThawGuest

PATIENCE = 4.0
"""Seconds that frozen guests wait for others: twice that is less than what the guard grants."""


class Place(enum.IntEnum):
    """A place on the way of an operation where the others are waited for, in this order."""

    READY = 1
    """Before the first step: nothing is in its way."""
    KEPT = 2
    """Before a revert: what undoes it is there."""
    FROZEN = 3
    """Before a snapshot: all guests that are to stand still do."""
    TAKEN = 4
    """Before a thaw: those snapshots are there that are there in time."""
    OVER = 5
    """Before the spread is noted: those snapshots are there that there will be."""

    @property
    def all_or_none(self) -> bool:
        """Whether nobody goes on from there unless all have come."""
        return self in (Place.READY, Place.KEPT, Place.FROZEN)

    @property
    def patience(self) -> float | None:
        """Seconds to wait there; ``None`` for as long as it takes."""
        return PATIENCE if self in (Place.FROZEN, Place.TAKEN) else None


def places(plan: Plan, index: int) -> tuple[Place, ...]:
    """Where an operation of a group waits before a step of its plan."""
    step, last = plan.steps[index], plan.steps[-1]
    ready = (Place.READY,) * (index == 0)
    if isinstance(plan.intent, RevertIntent):
        return ready + (Place.KEPT,) * (step is last)
    if isinstance(step, ThawGuest):
        return (Place.TAKEN,)
    if isinstance(step, NoteGroup):
        return (Place.OVER,)
    if isinstance(last, NoteGroup) and last.group.together:
        return ready + (Place.FROZEN,) * isinstance(step, CreateSnapshot)
    return ()


class Meeting:
    """Keeps how far each of several operations is; lives on one asyncio loop.

    Args:
        numbers: of the operations.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self._at = dict.fromkeys(numbers, 0)
        self._left: set[int] = set()
        self._gave_up: set[int] = set()
        self._took: dict[int, tuple[float, float]] = {}
        self._moved = asyncio.Condition()

    @property
    def spread(self) -> float:
        """Seconds from the first call to the end of the last, of the snapshots so far."""
        began, ended = zip(*self._took.values(), strict=True)
        return float(max(ended) - min(began))

    @property
    def taken(self) -> tuple[int, ...]:
        """The operations that have taken their snapshot, in their order."""
        return tuple(number for number in self._at if number in self._took)

    def took(self, number: int, began: float, ended: float) -> None:
        """Say when an operation has taken its snapshot, in seconds since the epoch."""
        self._took[number] = (began, ended)

    async def come(self, number: int, place: Place) -> tuple[int, ...]:
        """Come to a place, and wait there until all others have, or are over.

        Returns:
            Those that were over before they came there, or that did not come in time; of those
            that only gave up because of others, nothing is said while there are such others.
        """
        async with self._moved:
            self._at[number] = place
            self._moved.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(place.patience):
                    await self._moved.wait_for(
                        lambda: all(
                            at >= place or one in self._left for one, at in self._at.items()
                        )
                    )
            absent = tuple(one for one, at in self._at.items() if at < place)
            if absent and place.all_or_none:
                self._at[number] = place - 1  # who comes later must not go on either
                self._gave_up.add(number)
                self._left.add(number)
                self._moved.notify_all()
            return tuple(one for one in absent if one not in self._gave_up) or absent

    async def leave(self, number: int) -> None:
        """Say that an operation is over, however it ended."""
        async with self._moved:
            self._left.add(number)
            self._moved.notify_all()
