"""Calls that are begun before their answers are wanted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

from snaptui.common.threads import again, settle

T = TypeVar("T")

Tell = Callable[[int, int], None]
"""Is told how many calls have been answered, of how many that were begun; on any thread."""


def nobody(_answered: int, _begun: int) -> None:
    """Is told nothing."""


class Ahead:
    """Makes blocking calls on daemon threads of its own, and each text's only once.

    Who waits for a call that no thread has begun makes it himself: calls may wait for each other.

    Args:
        width: calls under way at a time; with 0 each is made when its answer is wanted.
        tell: where they are made at the same time, is told how far they are.
    """

    def __init__(self, width: int, tell: Tell = nobody) -> None:
        self._width = width
        self._lock = threading.Lock()
        self._due: deque[_Call] = deque()
        self._threads = 0
        self._tell = tell
        self._begun = self._answered = 0
        self._once: dict[Hashable, Future[Any]] = {}

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a call; what is returned waits for its answer, or raises its error."""
        if not self._width:
            return _Call(call).result
        begun = _Call(call, self._count)
        with self._lock:
            self._begun += 1
            self._due.append(begun)
            more = self._threads < self._width
            self._threads += more
        if more:
            threading.Thread(target=self._work, daemon=True).start()
        return begun.result

    def together(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """The answers of calls that are made at the same time, in order; the first error of it."""
        begun = [self.begin(call) for call in calls]
        return [result() for result in begun]

    def once(self, what: Hashable, call: Callable[[], T]) -> T:
        """The answer of the first call for this, whoever made it."""
        with self._lock:
            known = self._once.get(what)
            mine: Future[Any] = Future()
            if known is None:
                self._once[what] = mine
        if known is None:
            settle(mine, call)
        answer: T = again(known or mine)
        return answer

    def _count(self) -> None:
        with self._lock:
            self._answered += 1
            answered, begun = self._answered, self._begun
        self._tell(answered, begun)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._due:
                    self._threads -= 1
                    return
                call = self._due.popleft()
            call.make()


class _Call:
    def __init__(
        self, call: Callable[[], Any], answered: Callable[[], None] = lambda: None
    ) -> None:
        self._call = call
        self._answered = answered
        self._claim = threading.Lock()
        self._future: Future[Any] = Future()

    def make(self) -> None:
        """Make it, unless another thread does."""
        if not self._claim.acquire(blocking=False):
            return
        settle(self._future, self._call)
        self._answered()

    def result(self) -> Any:
        self.make()
        return again(self._future)
