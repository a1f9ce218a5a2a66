"""What a world will really have: steps that its state does not allow build nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations_with_replacement

from tests.worlds.hardware import HARDWARE
from tests.worlds.sorts import PLAIN, SORTS
from tests.worlds.steps import ACTIVE, ACTS, INACTIVE, Step

_OF_NAMES = ("revert", "delete", "virsh-delete", "forget", "redefine", "from-elsewhere", "recreate",
             "drop", "apply")  # fmt: skip
"""Acts on a snapshot that there must be."""
_GOES = {"start": ACTIVE, "pause": ACTIVE, "power off": INACTIVE, "save": INACTIVE}
_TAKEN = {"internal": True, "external": False, "external with RAM": True}
"""Acts that take one, and whether it holds the RAM of an active guest."""


def meetings(features: Iterable[str], verbs: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Two features, or one with itself, and a verb that they meet in a world."""
    pairs = [*combinations_with_replacement(sorted(set(features)), 2)]
    return ((one, other, verb) for verb in sorted(set(verbs)) for one, other in pairs)


def features(steps: Iterable[Step]) -> set[str]:
    """Of a world of these steps, as far as their order tells; libvirt may refuse more."""
    domains: dict[str, _Domain] = {}
    found: set[str] = set()
    for step in steps:
        if step.act.startswith("define"):
            if step.act in ("define", "define-transient") or step.words[0] in domains:
                domains[step.on] = _Domain(step)
                disks = [word for word in step.words if word in SORTS]
                found.update(word for word in step.words if word in {*SORTS, *HARDWARE} - {PLAIN})
                found |= {f"{len(disks)} disks"} if len(disks) > 1 else set()
        elif step.on not in domains or not domains[step.on].takes(step):
            continue
        found.add(ACTS[step.act].feature.format(*step.words, ""))
    return found - {""}


class _Domain:
    """What is known of a domain before there is one."""

    def __init__(self, step: Step) -> None:
        self._active = self._transient = step.act == "define-transient"
        off = any(SORTS[word].off for word in step.words if word in SORTS)
        self._never = off or step.act == "define-same"
        self._there = True
        self._snapshots: dict[str, bool] = {}

    def takes(self, step: Step) -> bool:
        """Whether a step is possible, which is taken then."""
        needs, (name, *_) = ACTS[step.act].needs, (*step.words, "")
        possible = self._there and needs in (None, self._active)
        if step.act in ("start", "pause", "save", "revert"):
            possible = possible and not self._never
        if step.act in _OF_NAMES:
            possible = possible and name in self._snapshots
        if possible:
            self._take(step.act, name)
        return possible

    def _take(self, act: str, name: str) -> None:
        if (active := _GOES.get(act)) is not None:
            self._active = active
            self._there = active or not self._transient
        elif (ram := _TAKEN.get(act)) is not None:
            self._snapshots[name] = self._active and ram
        elif act == "revert":
            self._active = self._snapshots[name]
        elif act in ("delete", "virsh-delete", "forget"):
            del self._snapshots[name]
