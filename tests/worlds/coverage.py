"""What met what in the worlds that were really built, and what never did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from tests.worlds.hardware import HARDWARE
from tests.worlds.making import APART, BY_OTHERS
from tests.worlds.sorts import PLAIN, SORTS
from tests.worlds.steps import ACTS
from tests.worlds.verbs import VERBS

Met = Counter[tuple[str, str, str]]
"""By :func:`tests.worlds.likely.meetings`, how often."""
TOLD = 40
"""Pairs that never met, of which so many are told one by one."""


def words(met: Met) -> Iterator[str]:
    """A table of features and verbs, and the pairs of features beside it."""
    features = _features(met)
    yield "How often each feature met each verb (columns: " + ", ".join(VERBS) + ")"
    for feature in features:
        row = " ".join(f"{met[feature, feature, verb] or '.':>3}" for verb in VERBS)
        yield f"  {feature:<36} {row}"
    done = sum(met[one, one, verb] > 0 for one in features for verb in VERBS)
    yield f"{done} of {len(features) * len(VERBS)} pairs of a feature and a verb have met"
    pairs = [*combinations(features, 2)]
    by_pair = {pair: sum(met[*pair, verb] > 0 for verb in VERBS) for pair in pairs}
    never = [pair for pair, number in by_pair.items() if not number]
    yield f"{len(pairs) - len(never)} of {len(pairs)} pairs of features have met a verb"
    number = sum(by_pair.values())
    yield f"{number} of {len(pairs) * len(VERBS)} pairs of features and a verb have met"
    some = never[:: max(1, len(never) // TOLD)][:TOLD]  # of all features, not of the first one
    yield from (f"  never met: {one}, {other}" for one, other in some)
    if len(never) > TOLD:
        yield f"  and {len(never) - TOLD} more pairs"
    yield f"{len(BY_OTHERS) + len(APART)} kinds of acts of others, {len(VERBS)} verbs"


def _features(met: Met) -> list[str]:
    """Those that there could be, and those that were."""
    found = {key for key in (*SORTS, *HARDWARE) if key != PLAIN}
    found |= {kind.feature for kind in ACTS.values() if kind.feature and "{" not in kind.feature}
    return sorted(found | {feature for feature, _, _ in met})
