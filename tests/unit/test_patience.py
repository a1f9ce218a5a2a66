"""Looks at files, each by a thread that could be left behind."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from snaptui.backend.files.patience import Patience


def test_looks_one_after_another_are_those_of_one_thread() -> None:
    patience = Patience()
    assert len({patience.look(threading.get_ident) for _ in range(50)}) == 1


def test_looks_at_the_same_time_are_those_of_several() -> None:
    """So one that hangs is in nobody's way."""
    patience, together = Patience(), threading.Barrier(9)

    def meet() -> int:
        together.wait(60)
        return threading.get_ident()

    with ThreadPoolExecutor(9) as pool:
        found = set(pool.map(lambda _: patience.look(meet), range(9)))
    assert len(found) == 9
    assert patience.look(threading.get_ident) in found


@pytest.mark.parametrize("error", [OSError, TimeoutError, SystemExit])
def test_what_one_raises_the_next_does_not(error: type[BaseException]) -> None:
    patience = Patience()

    def fail() -> None:
        raise error

    with pytest.raises(error):
        patience.look(fail)
    assert patience.look(lambda: "read") == "read"


def test_an_answer_is_not_kept_by_the_one_who_gave_it() -> None:
    class Large:
        pass

    look: Callable[[], Large] = Large
    answer = Patience().look(look)
    alive = weakref.ref(answer)
    del answer
    Patience().look(lambda: None)
    assert alive() is None
