"""Calls on threads that nobody has to wait for."""

from __future__ import annotations

import contextlib
import inspect
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

_SUSPENDS = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def without_locals(error: BaseException) -> BaseException:
    """An error without what the calls that raised it held; it still tells their lines.

    An error that is kept would keep libvirt's handles, and those their connection; and where
    the frame that catches it is left in, the two keep each other. Coroutines, which an error
    that is raised again may have passed before, are left: to clear one's frame is to close it.
    """
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next
    reason: BaseException | None = error
    while reason is not None:
        for frame, _ in traceback.walk_tb(reason.__traceback__):
            if not frame.f_code.co_flags & _SUSPENDS:
                with contextlib.suppress(RuntimeError):  # it runs
                    frame.clear()
        reason = reason.__cause__ or reason.__context__
    return error


def begun(call: Callable[[], T]) -> Future[T]:
    """Run a call on a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # whatever it is belongs to the one who waits
            future.set_exception(without_locals(error))

    threading.Thread(target=run, daemon=True).start()
    return future
