"""A sample of a test's parameters: ``make test`` runs these, ``make long`` the others."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

SEED = 20_261_126


def sample(number: int, values: Iterable[Any], seed: int = SEED) -> list[Any]:
    """All values, but only so many of them without the mark ``long``; a tuple is of several."""
    every = [value if isinstance(value, tuple) else (value,) for value in values]
    chosen = random.Random(seed).sample(range(len(every)), number)
    return [
        pytest.param(*value, marks=() if at in chosen else pytest.mark.long)
        for at, value in enumerate(every)
    ]
