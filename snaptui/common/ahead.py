"""Calls that are begun before their answers are wanted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Ahead:
    """Makes blocking calls on daemon threads of its own, and each text's only once.

    Who waits for a call that no thread has begun makes it himself: calls may wait for each other.

    Args:
        width: calls under way at a time; with 0 each is made when its answer is wanted.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._lock = threading.Lock()
        self._due: deque[_Call] = deque()
        self._threads = 0
        self._once: dict[Hashable, Future[Any]] = {}

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a call; what is returned waits for its answer, or raises its error."""
        begun = _Call(call)
        with self._lock:
            if self._width:
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
        if known is not None:
            answer: T = known.result()
            return answer
        try:
            mine.set_result(call())
        except BaseException as error:
            mine.set_exception(error)
            raise
        answer = mine.result()
        return answer

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._due:
                    self._threads -= 1
                    return
                call = self._due.popleft()
            call.make()


class _Call:
    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._claim = threading.Lock()
        self._future: Future[Any] = Future()

    def make(self) -> None:
        """Make it, unless another thread does."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            self._future.set_result(self._call())
        except BaseException as error:
            self._future.set_exception(error)

    def result(self) -> Any:
        self.make()
        return self._future.result()
