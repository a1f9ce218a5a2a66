"""Calls on threads that nobody has to wait for."""

from __future__ import annotations

import contextlib
import copy
import inspect
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from snaptui.common.errors import SnaptuiError

T = TypeVar("T")

_SUSPENDS = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def without_frames(error: BaseException) -> BaseException:
    """An error without the frames of the calls that raised it, and what these held.

    An error that is kept would keep libvirt's handles, and those their connection; and where
    the frame that catches it is left in, the two keep each other. A frame that has ended keeps
    the one that called it as well (``f_back``), so an answer, which :class:`SnaptuiError` is,
    loses its traceback. A fault of ours still tells its lines; coroutines, which an error that is
    raised again may have passed before, are left: to clear one's frame is to close it.
    """
    if isinstance(error, SnaptuiError):
        answer: BaseException | None = error
        while answer is not None:
            answer.__traceback__ = None
            answer = answer.__cause__ or answer.__context__
        return error
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


def settle(future: Future[T], call: Callable[[], T]) -> None:
    """Make a call for those who wait for its answer; an error is kept without its frames."""
    try:
        future.set_result(call())
    except BaseException as error:  # whatever it is belongs to the one who waits
        future.set_exception(without_frames(error))


def again(future: Future[T]) -> T:
    """The answer; an error that stays the answer is raised as a copy.

    Else it would keep the frames that it passed, and where those keep the answer, both stay.
    """
    error = future.exception()
    if error is None:
        return future.result()
    raise copy.copy(error).with_traceback(error.__traceback__) from error.__cause__


def begun(call: Callable[[], T]) -> Future[T]:
    """Run a call on a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()

    threading.Thread(target=settle, args=(future, call), daemon=True).start()
    return future
