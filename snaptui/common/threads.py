"""Calls on threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begun(call: Callable[[], T]) -> Future[T]:
    """Run a call on a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # whatever it is belongs to the one who waits
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
