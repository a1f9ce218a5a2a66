"""Calls that are begun before they are wanted: each once, none waits for ever, errors arrive."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from functools import partial

import pytest

from snaptui.common.ahead import Ahead
from snaptui.common.errors import SnaptuiError

WIDTHS = pytest.mark.parametrize("width", [0, 1, 3])


@WIDTHS
def test_answers_come_in_the_order_of_their_calls(width: int) -> None:
    assert Ahead(width).together(partial(int, number) for number in range(50)) == list(range(50))


@WIDTHS
def test_an_error_is_raised_where_the_answer_is_wanted(width: int) -> None:
    ahead = Ahead(width)
    answer = ahead.begin(partial(int, "x"))
    assert ahead.begin(partial(int, "3"))() == 3
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            answer()


@WIDTHS
def test_calls_that_wait_for_calls_go_on_however_few_threads_there_are(width: int) -> None:
    ahead = Ahead(width)

    def tree(depth: int) -> int:
        return 1 if not depth else sum(ahead.together([partial(tree, depth - 1)] * 3))

    assert ahead.begin(partial(tree, 4))() == 81


@WIDTHS
def test_what_is_asked_for_once_is_asked_for_once(width: int) -> None:
    ahead, asked = Ahead(width), []

    def ask(what: str) -> str:
        asked.append(what)
        return what.upper()

    words = [*"abcabcabc"]
    found = ahead.together(partial(ahead.once, word, partial(ask, word)) for word in words)
    assert found == [word.upper() for word in words]
    assert sorted(asked) == ["a", "b", "c"]


def test_an_error_stays_the_answer() -> None:
    ahead = Ahead(0)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            ahead.once("x", partial(int, "x"))
    assert ahead.once("y", partial(int, "3")) == 3


def test_calls_are_under_way_at_the_same_time() -> None:
    meet = threading.Barrier(3)
    assert sorted(Ahead(3).together([partial(meet.wait, 60)] * 3)) == [0, 1, 2]


def test_of_a_near_host_nothing_is_asked_that_is_not_wanted() -> None:
    asked: list[int] = []
    Ahead(0).begin(lambda: asked.append(1))
    assert asked == []


@WIDTHS
def test_it_tells_how_far_it_is_where_calls_are_made_at_the_same_time(width: int) -> None:
    told: list[tuple[int, int]] = []
    Ahead(width, lambda answered, begun: told.append((answered, begun))).together(
        partial(int, number) for number in range(20)
    )
    assert sorted(answered for answered, _ in told) == (list(range(1, 21)) if width else [])
    assert all(answered <= begun <= 20 for answered, begun in told)


class Handle:
    """Stands for what a call holds, such as a connection to libvirt."""


@WIDTHS
def test_an_error_that_is_kept_keeps_nothing_of_its_call(width: int) -> None:
    """Neither the call's handles nor the reading outlive it, without the garbage collector."""
    alive: list[weakref.ref[object]] = []

    def read() -> None:
        ahead = Ahead(width)

        def fail() -> None:
            handle = Handle()
            alive.append(weakref.ref(handle))
            raise SnaptuiError("no")

        def ask() -> None:
            mine = ahead
            mine.once("job", fail)

        alive.append(weakref.ref(ahead))
        wanted = [ahead.begin(ask), ahead.begin(ask)]
        for answer in wanted:
            with contextlib.suppress(SnaptuiError):
                answer()

    gc.disable()
    try:
        read()
        until = time.monotonic() + 60
        while any(one() is not None for one in alive) and time.monotonic() < until:
            time.sleep(0.01)  # the threads' last steps
        assert [one() for one in alive] == [None, None]
    finally:
        gc.enable()
