"""A plan that failed on a full file system: whether that was foretold, and what it did there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, Plan
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import Refusal
from snaptui.plan.remark import Remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.worlds.contents import Contents, differing
from tests.worlds.figures import slack
from tests.worlds.machine import Machine
from tests.worlds.member import Member
from tests.worlds.steps import IMPOSSIBLE
from tests.worlds.verdict import Kind, Verdict


def judge_failed(
    verdict: Verdict,
    machine: Machine,
    member: Member,
    plan: Plan,
    facts: AnyFacts,
    before: Contents,
    states: Mapping[str, str],
    free: int,
) -> None:
    """Compare what it is said to need with what was free, and what is there with what was.

    Args:
        free: bytes, before it was carried out.
    """
    needs = plan.space.needs
    if isinstance(needs, int):
        enough = free > needs + slack(member, facts)
        told = f"it needs up to {needs}, {free} were free, and {verdict.happened}"
        verdict.compare(Kind.SPACE, *([told] if enough else []))
    else:
        verdict.unknown[Kind.SPACE] += 1
    now, is_now = machine.contents(), machine.states()
    # half a merge is written to what the snapshot froze, which was to go
    merges = isinstance(plan.intent, DeleteIntent | DeleteManyIntent)
    other = [one for one in differing(before, now) if not (merges and "@" in one)]
    wrong = [f"it failed, and {words}" for words in other]
    wrong += [f"it failed, and {one} is not there" for one in before.keys() - now.keys()]
    wrong += [f"it failed, and {name} was {was} and is {is_now.get(name)}"
              for name, was in states.items() if is_now.get(name) != was]  # fmt: skip
    if Warn.ENTRY_MAY_NOT_FIT not in {one.what for one in plan.warnings}:
        for one in machine.members.values():
            with suppress(*IMPOSSIBLE):
                one.flush()  # qemu-img check sees nothing that QEMU has in its caches
        wrong += _damaged(machine.images)
        left = sorted(one for one in now.keys() - before.keys() if "#" in one)
        wrong += [f"it failed, and {one} is left inside" for one in left]
    verdict.compare(Kind.DATA, *wrong)


def no_room(refusals: Iterable[Refusal]) -> bool:
    """Whether it is refused for room, of which it is said what may be needed at most."""
    return any(one.why in _FOR_ROOM for one in refusals)


def out_of_refcounts(warnings: Iterable[Remark]) -> bool:
    """Whether it is warned that QEMU refuses one more snapshot, which its figures know about."""
    return any(one.what in (Warn.NO_REFCOUNTS, Warn.NARROW_REFCOUNTS) for one in warnings)


_FOR_ROOM = (Why.TABLE_DOES_NOT_FIT, Why.MERGE_DOES_NOT_FIT, Why.OVERLAYS_DO_NOT_FIT)


def _damaged(folder: Path) -> Iterator[str]:
    """Images that ``qemu-img check`` finds more in than clusters that nothing uses."""
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and _is_qcow2(one)):
        words = ["qemu-img", "check", "-U", "-f", "qcow2", "--output=json", str(path)]
        said = subprocess.run(words, capture_output=True, text=True).stdout
        if said and (number := json.loads(said).get("corruptions", 0)):
            yield f"it failed, and {path.name} has {number} damaged parts"


def _is_qcow2(path: Path) -> bool:
    with path.open("rb") as f:
        return f.read(4) == b"QFI\xfb"
