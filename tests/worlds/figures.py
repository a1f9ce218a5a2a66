"""What is said of images in bytes, beside an accounting by brute force and a real delete."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from snaptui.model.image import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.loss import WritesLost
from snaptui.plan.outcome import Space, When
from snaptui.plan.plan import Plan
from snaptui.plan.planner import AnyFacts
from snaptui.storage.costs import cost_of, held_now, written_disks
from snaptui.storage.qcow2.usage import ImageUsage
from tests.unit.images import Plain
from tests.worlds import place
from tests.worlds.contents import stamp
from tests.worlds.machine import Machine
from tests.worlds.member import Member
from tests.worlds.verdict import Kind, Verdict

TABLES = 8
"""Clusters of each image that may be taken for tables, or stay unwritten of them."""
NEXT_TO_NOTHING = 512 << 10
"""Bytes for each file that is said to need next to nothing."""


def judge_images(verdict: Verdict, facts: AnyFacts, seen: set[object]) -> None:
    """Each counted image, and one real delete in a copy of it; of a domain that is off.

    Args:
        seen: the images that were judged already, as they are.
    """
    for path, usage in facts.counted.items():
        if isinstance(usage, NotKnown):
            verdict.unknown[Kind.FIGURE] += 1
        elif (now := stamp(path)) is not None and now not in seen:
            verdict.compare(Kind.FIGURE, *_image(Path(path), usage))
            seen.add(now)


def _image(path: Path, told: ImageUsage) -> Iterator[str]:
    plain, usage = Plain(path), told.usage
    said = subprocess.run(
        ["qemu-img", "check", "--output=json", path], capture_output=True, text=True
    )
    check = json.loads(said.stdout) if said.stdout else {}
    leaked = check.get("leaks", 0) * plain.cluster
    # references too many are leaks to qemu-img, and hide from who counts what names a cluster
    plainly = not usage.wrong
    if check and plainly and usage.leaked is not None and usage.leaked != leaked:
        yield f"{path.name}: leaked {usage.leaked}, not {leaked}"
    if usage.active != plain.active:
        yield f"{path.name}: active {usage.active}, not {plain.active}"
    if usage.allocated != plain.allocated:
        yield f"{path.name}: allocated {usage.allocated}, not {plain.allocated}"
    for at, one in enumerate(usage.snapshots):
        if one.growth != plain.growth(at) or (plainly and one.frees != plain.frees({at})):
            figures = f"{one.growth} and {one.frees}, not {plain.growth(at)}, {plain.frees({at})}"
            yield f"{path.name}: entry {at} is said to be {figures}"
    if told.entries and not check.get("check-errors"):
        name, frees = told.entries[-1].name, usage.snapshots[-1].frees
        gone = _deleted(plain, name) if len(told.places(name)) == 1 else None
        if gone is not None and gone != frees:
            yield f"{path.name}: deleting {name} frees {gone}, not {frees}"


def _deleted(plain: Plain, name: str) -> int | None:
    """What a delete of an entry really frees, in a copy; ``None`` where it fails."""
    copy = place.ROOT / "copy.qcow2"
    copy.write_bytes(plain.data)
    words = ["qemu-img", "snapshot", "-d", name, str(copy)]
    failed = subprocess.run(words, capture_output=True).returncode
    after = plain.allocated if failed else Plain(copy).allocated
    copy.unlink()
    return None if failed else plain.allocated - after


def judge_lost(verdict: Verdict, plan: Plan, facts: Facts, *, off: bool) -> None:
    """What a revert is said to give up, before it is carried out."""
    assert isinstance(plan.lost, WritesLost)
    lost = plan.lost
    active = facts.status.domain.state.active
    verdict.compare(Kind.LOST, *([] if lost.memory == active else ["RAM is lost, or is not"]))
    if isinstance(lost.written, NotKnown):
        verdict.unknown[Kind.LOST] += 1
    elif off:
        disks = written_disks(facts.status.config)
        used = [held_now(disk, facts.counted) for disk in disks]
        paths = [Path(one.path) for one in used if isinstance(one, ImageUsage)]
        really = sum(Plain(path).unsaved for path in paths)
        wrong = [f"{lost.written} bytes are lost, really {really}"]
        verdict.compare(Kind.LOST, *(wrong if lost.written != really else []))


def allocated(facts: AnyFacts) -> dict[str, int]:
    """By path, the bytes that an image's refcounts have in use, by brute force."""
    return {
        path: Plain(Path(path)).allocated
        for path, usage in facts.counted.items()
        if isinstance(usage, ImageUsage) and Path(path).exists()
    }


def slack(member: Member | None, facts: AnyFacts) -> int:
    """What tables and rounding may take."""
    clusters = [one.usage.cluster_size for one in facts.counted.values()
                if isinstance(one, ImageUsage)]  # fmt: skip
    disks = len(member.disks) if member is not None else 1
    return NEXT_TO_NOTHING * (1 + disks) + TABLES * sum(clusters)


def judge_space(
    verdict: Verdict,
    machine: Machine,
    member: Member | None,
    plan: Plan,
    facts: AnyFacts,
    took: tuple[int, int],
    inside: tuple[Mapping[str, int], Mapping[str, int]],
    *,
    off: bool,
) -> None:
    """What a plan is said to need and to free, after it was carried out.

    Args:
        took: by all files, before and after.
        inside: the same of clusters, by image, as :func:`allocated`.
    """
    space: Space = plan.space
    grew = took[1] - took[0]
    if isinstance(space.needs, NotKnown):
        verdict.unknown[Kind.SPACE] += 1
    elif space.needs is not None and space.when is not When.FIRST:
        most = space.needs + slack(member, facts)
        wrong = [f"it needs up to {space.needs}, and took {grew}"]
        verdict.compare(Kind.SPACE, *(wrong if grew > most else []))
    if isinstance(space.frees, NotKnown):
        verdict.unknown[Kind.SPACE] += 1
    elif space.frees is not None and off:
        gone = sum(inside[0].values()) - sum(inside[1].values())
        outside = any(step_merges(plan))
        really = -grew if outside else gone
        if abs(really - space.frees) > (slack(member, facts) if outside else 0):
            verdict.compare(Kind.SPACE, f"it frees {space.frees}, really {really}")
        else:
            verdict.compare(Kind.SPACE)


def step_merges(plan: Plan) -> Iterator[str]:
    """Targets whose overlays a plan merges."""
    for step in plan.steps:
        yield from getattr(step, "merges", ())


def judge_costs(verdict: Verdict, facts: Facts) -> None:
    """What the tree says that snapshots cost: never below zero, whole where its parts are."""
    for snapshot in facts.snapshots.values():
        cost = cost_of(snapshot, facts.counted, facts.layers)
        if isinstance(cost, NotKnown):
            verdict.unknown[Kind.FIGURE] += 1
            continue
        for figure in (cost.written, cost.reclaim):
            if isinstance(figure, NotKnown):
                verdict.unknown[Kind.FIGURE] += 1
        wrong = isinstance(cost.written, int) and cost.written < 0
        verdict.compare(Kind.FIGURE, *([f"{snapshot.name} cost {cost.written}"] if wrong else []))
