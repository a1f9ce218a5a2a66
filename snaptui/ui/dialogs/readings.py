"""The readings that a dialog waits for, and how far they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from snaptui.common.ahead import Tell
from snaptui.common.worker import from_threads
from snaptui.plan.plan import Intent
from snaptui.plan.planner import AnyFacts

ReadFacts = Callable[[Intent, Tell], Awaitable[AnyFacts]]
"""Reads the facts for an intent; may take long or fail."""
SHOWN = 0.1
"""Seconds between two changes of what is shown, at least."""


async def read_all(
    read_facts: ReadFacts, intents: Sequence[Intent], show: Callable[[int, int], None]
) -> tuple[AnyFacts, ...]:
    """Read the facts for all of them at the same time.

    Args:
        show: called on the loop with how many questions to far hosts were answered, and how many
            there are so far.

    Raises:
        SnaptuiError: what one of them is about cannot be read.
    """
    progress = _Progress(show)
    try:
        readings = (read_facts(one, progress.of(at)) for at, one in enumerate(intents))
        return tuple(await asyncio.gather(*readings))
    finally:
        progress.end()


class _Progress:
    """Adds up what several readings tell on their threads, and shows it on the loop."""

    def __init__(self, show: Callable[[int, int], None]) -> None:
        self._show = show
        self._tell_later = from_threads(self._later)
        self._lock = threading.Lock()
        self._told: dict[int, tuple[int, int]] = {}
        self._due = False
        self._over = False

    def of(self, reading: int) -> Tell:
        """What one of the readings tells."""
        return partial(self._take, reading)

    def end(self) -> None:
        """Show nothing any more."""
        self._over = True

    def _take(self, reading: int, answered: int, begun: int) -> None:
        with self._lock:
            self._told[reading] = (answered, begun)
            due, self._due = self._due, True
        if not due:
            self._tell_later()

    def _later(self) -> None:
        asyncio.get_running_loop().call_later(SHOWN, self._tell)

    def _tell(self) -> None:
        with self._lock:
            self._due = False
            told = tuple(self._told.values())
        if not self._over:
            self._show(sum(answered for answered, _ in told), sum(begun for _, begun in told))
