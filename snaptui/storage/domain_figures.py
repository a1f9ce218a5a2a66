"""What all snapshots of a domain take together, and how much each made its images grow."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.costs import Cost, cost_of, reclaimed
from snaptui.storage.disk_cost import NOT_YET, Counted
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.totals import Total

NOTHING = Total().plus(NOT_YET)
"""Of a domain of which nothing was counted yet."""
LAST = 24
"""Snapshots, the newest ones, of which it is kept what each made its images grow by."""


@dataclass(frozen=True, slots=True)
class DomainFigures:
    """What is known of all snapshots of one domain together.

    Attributes:
        count: how many libvirt knew when this was found out.
        frees: what the host has back when all of them are deleted, unmanaged ones too.
        grown: what was written for each, the newest last; ``None`` where that is not known. The
            oldest, which has the disk as it was at first, is not among them.
    """

    count: int
    frees: Total = NOTHING
    grown: tuple[int | None, ...] = ()


def figures_of(
    things: Collection[Snapshot | Unmanaged], counted: Counted, layers: Layers = NO_LAYERS
) -> DomainFigures:
    """What is known of a domain's snapshots, its unmanaged ones among them."""
    known = [thing for thing in things if isinstance(thing, Snapshot)]
    newest = sorted(known, key=lambda one: one.created or 0)[-LAST:]
    costs = [cost_of(one, counted, layers) for one in newest]
    return DomainFigures(
        count=len(known),
        frees=reclaimed(things, counted, layers),
        grown=tuple(
            map(_grown, (one for one in costs if isinstance(one, NotKnown) or not one.oldest))
        ),
    )


def _grown(cost: Cost | NotKnown) -> int | None:
    if isinstance(cost, NotKnown) or isinstance(cost.written, NotKnown):
        return None
    return cost.written
