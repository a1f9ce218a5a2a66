"""What all snapshots of a domain take together, and how much each made its images grow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.costs import cost_of, reclaim_of
from snaptui.storage.disk_cost import NOT_YET, Counted
from snaptui.storage.in_image import Stray

LAST = 24
"""Snapshots, the newest ones, of which it is kept what each made its images grow by."""


@dataclass(frozen=True, slots=True)
class DomainFigures:
    """What is known of all snapshots of one domain together.

    Attributes:
        count: how many libvirt knew when this was found out.
        frees: what the host has back when all of them are deleted, unmanaged ones too.
        grown: what was written for each, the newest last; ``None`` where that is not known, and
            of the oldest, which has the disk as it was at first.
    """

    count: int
    frees: int | NotKnown = NOT_YET
    grown: tuple[int | None, ...] = ()


def figures_of(
    things: Collection[Snapshot | Stray], counted: Counted, layers: Layers = NO_LAYERS
) -> DomainFigures:
    """What is known of a domain's snapshots, its unmanaged ones among them."""
    known = [thing for thing in things if isinstance(thing, Snapshot)]
    newest = sorted(known, key=lambda one: one.created or 0)[-LAST:]
    return DomainFigures(
        count=len(known),
        frees=reclaim_of(things, counted, layers),
        grown=tuple(_grown(one, counted, layers) for one in newest),
    )


def _grown(snapshot: Snapshot, counted: Counted, layers: Layers) -> int | None:
    cost = cost_of(snapshot, counted, layers)
    if isinstance(cost, NotKnown) or isinstance(cost.written, NotKnown) or cost.oldest:
        return None
    return cost.written
