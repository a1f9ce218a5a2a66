"""Where operations that belong together wait for each other."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Collection

from snaptui.common.worker import start
from snaptui.plan.plan import Plan, RevertIntent
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.steps.group import NoteGroup, ThawGuest

PATIENCE = 4.0
"""Seconds that frozen guests wait for others: twice that is less than what the guard grants."""
LOST = 10.0
"""Seconds without an answer of its host after which one of a whole group is waited for no more."""


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


def places(plan: Plan, index: int, *, whole: bool = False) -> tuple[Place, ...]:
    """Where an operation of a group waits before a step of its plan.

    Args:
        whole: of a create, all of the group are taken, or none.
    """
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
    return ready if whole else ()


class Meeting:
    """Keeps how far each of several operations is; lives on one asyncio loop.

    Args:
        numbers: of the operations.
        whole: all of them are taken, or none: what was taken is given up where one is not.
    """

    def __init__(self, numbers: Collection[int], *, whole: bool = False) -> None:
        self.whole = whole
        self._at = dict.fromkeys(numbers, 0)
        self._unheard: dict[int, asyncio.TimerHandle] = {}
        self._lost: set[int] = set()
        self._through: set[int] = set()
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

    def through(self, number: int) -> bool:
        """Whether all others had come, too, when an operation came to the last place."""
        return number in self._through

    def took(self, number: int, began: float, ended: float) -> None:
        """Say when an operation has taken its snapshot, in seconds since the epoch."""
        self._took[number] = (began, ended)

    def binds(self, place: Place) -> bool:
        """Whether nobody goes on from a place unless all have come."""
        return place.all_or_none or (self.whole and place is Place.OVER)

    def silent(self, number: int) -> None:
        """Say that the host of an operation does not answer: it is not waited for for ever."""
        if self.whole and number not in self._unheard:
            loop = asyncio.get_running_loop()
            self._unheard[number] = loop.call_later(LOST, lambda: start(self._lose(number)))

    def lost(self, number: int) -> bool:
        """Whether the others have ceased to wait for an operation whose host did not answer."""
        return number in self._lost

    async def _lose(self, number: int) -> None:
        async with self._moved:
            if number not in self._left:
                self._lost.add(number)
                self._moved.notify_all()

    async def come(self, number: int, place: Place) -> tuple[int, ...]:
        """Come to a place, and wait there until all others have, are over, or are lost.

        Returns:
            Those that were over before they came there, or that did not come in time; of those
            that only gave up because of others, nothing is said while there are such others.
        """
        self._heard(number)
        async with self._moved:
            self._at[number] = place
            self._moved.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(place.patience):
                    await self._moved.wait_for(
                        lambda: all(
                            at >= place or one in self._left or one in self._lost
                            for one, at in self._at.items()
                        )
                    )
            absent = tuple(one for one, at in self._at.items() if at < place)
            if absent and self.binds(place):
                self._at[number] = place - 1  # who comes later must not go on either
                self._gave_up.add(number)
                self._left.add(number)
                self._moved.notify_all()
            elif place is Place.OVER:
                self._through.add(number)
            return tuple(one for one in absent if one not in self._gave_up) or absent

    async def leave(self, number: int) -> None:
        """Say that an operation is over, however it ended."""
        self._heard(number)
        async with self._moved:
            self._left.add(number)
            self._moved.notify_all()

    def _heard(self, number: int) -> None:
        if (timer := self._unheard.pop(number, None)) is not None:
            timer.cancel()
