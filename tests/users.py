"""Calls as another user, for tests that run as root."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

NOBODY, OTHER = 65534, 65533
"""Two users who own nothing."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_user(user: int, call: Callable[[], T], *, groups: Sequence[int] = ()) -> T:
    """What a call returns in a child process of this user; a failure there is one here."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            os.setgroups(groups)
            os.setgid(user)
            os.setuid(user)
            answer = pickle.dumps(call())
            status = 0
        except BaseException:  # told to the parent, which raises
            answer = traceback.format_exc().encode()
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, answer.decode()
    return pickle.loads(answer)  # type: ignore[no-any-return]  # what it returned
