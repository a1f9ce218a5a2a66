"""What is said of worlds made by chance: how often nothing was untrue, and what met what."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from typing import Any

import pytest

from tests.worlds import coverage
from tests.worlds.likely import features
from tests.worlds.making import worlds
from tests.worlds.run import Sum
from tests.worlds.steps import Step


def told(*, counts: bool, lies: bool = False) -> dict[str, Any]:
    verdict = {
        "verb": "revert",
        "carried out": True,
        "undone": False,
        "compared": {},
        "unknown": {},
        "lies": [["data", "x"]] if lies else [],
    }
    return {
        "number": 0,
        "verdicts": [verdict],
        "features": ["raw", "volume", "running"],
        "others": ["drop"] if counts else [],
        "disks": 2,
        "domains": 1,
    }


def test_the_rate_is_of_worlds_that_count() -> None:
    found = Sum()
    for one in (told(counts=True, lies=True), *[told(counts=False)] * 5, *[told(counts=True)] * 3):
        found.add(one)
    assert (found.worlds, found.counted, found.clean) == (9, 4, 3)
    assert "nothing untrue in the last 3 worlds that count: at most one in 1 (95 %)" in found.words


def test_pairs_of_features_are_counted_with_the_verb_that_they_met() -> None:
    found = Sum()
    found.add(told(counts=True))
    assert found.met["raw", "volume", "revert"] == found.met["raw", "raw", "revert"] == 1
    said = [*coverage.words(found.met)]
    assert any(one.startswith("3 of ") and one.endswith("have met a verb") for one in said)
    assert sum("never met: " in one for one in said) == coverage.TOLD


def test_what_cannot_be_built_is_no_feature() -> None:
    steps = [
        Step("define", "a", ("plain", "encrypted")),
        Step("start", "a"),
        Step("checkpoint", "a", ("s1",)),
        Step("internal", "a", ("s2",)),
        Step("drop", "a", ("s3", "0")),
        Step("drop", "a", ("s2", "0")),
        Step("pause", "b"),
    ]
    assert features(steps) == {"2 disks", "encrypted", "internal snapshots", "hollow"}


@pytest.mark.parametrize("order", ["1", "2"])
def test_the_worlds_of_a_seed_are_always_the_same(order: str) -> None:
    """In whatever order sets are, which each process has of its own."""
    code = (
        "from itertools import islice; from tests.worlds.making import worlds;"
        "print([*islice(worlds(7), 30)])"
    )
    said = subprocess.check_output(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": order}, text=True
    )
    assert said == f"{[*islice(worlds(7), 30)]}\n"
