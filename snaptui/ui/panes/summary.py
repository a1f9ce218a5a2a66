"""What matters most of the selected snapshot, in the first lines of the details."""

from __future__ import annotations

import time
from collections.abc import Iterator

from snaptui.common import text
from snaptui.model import group_mark, hold_mark
from snaptui.model.disk import Presence
from snaptui.model.domain import Domain
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotSet
from snaptui.monitor.snapshots import Shown
from snaptui.storage.costs import Cost, cost_of, unsaved_on, with_older_by_image
from snaptui.storage.disk_cost import Counted
from snaptui.ui.format import frees, short_age
from snaptui.ui.panes.details import (
    error_lines,
    fault_lines,
    further_lines,
    snapshot_lines,
)
from snaptui.ui.panes.differences import differences
from snaptui.ui.panes.lines import Line, Sides
from snaptui.ui.snapshot_graph import Row


def summary_lines(
    row: Row, shown: Shown, counted: Counted, domain: Domain | None
) -> tuple[Line | Sides, ...]:
    """What is known of a snapshot, what one decides by first.

    Args:
        domain: whose it is, as it is now; ``None`` where that is not known.
    """
    snapshot, snapshots = row.snapshot, shown.snapshots
    if snapshot is None or snapshots is None or row.name in snapshots.errors:
        return snapshot_lines(row, shown, counted)
    return tuple(_lines(snapshot, snapshots, shown, counted, domain))


def _lines(
    snapshot: Snapshot,
    snapshots: SnapshotSet,
    shown: Shown,
    counted: Counted,
    domain: Domain | None,
) -> Iterator[Line | Sides]:
    created = text.when(snapshot.created, zone=True, seconds=True)
    after = f"after {snapshot.parent}" if snapshot.parent else "the first"
    age = text.age(snapshot.created, time.time())
    yield Sides(snapshot.name, f"{created}, {age}", after)
    yield from fault_lines(shown.config, shown.layers)
    yield from error_lines(snapshot, shown)
    hold = hold_mark.hold_of(snapshot)
    held = f"held by {hold.who} since {hold.since[:10]}" if hold is not None else ""
    described = group_mark.described(snapshot).strip().replace("\n", "  ")
    yield Sides("", described or "no description", held, "" if described else "muted")
    cost = cost_of(snapshot, counted, shown.layers)
    when = None if isinstance(cost, NotKnown) else cost.counted_at
    right = f"counted {short_age(int(when), time.time())} ago" if when is not None else ""
    yield Sides("frees ", _frees(snapshot, cost, counted), right)
    yield Sides("revert", _revert(snapshot, shown, counted, domain))
    yield from further_lines(snapshot, snapshots, shown, counted)


def _frees(snapshot: Snapshot, cost: Cost | NotKnown, counted: Counted) -> str:
    if isinstance(cost, NotKnown):
        return f"? ({cost.reason})"
    if isinstance(cost.reclaim, NotKnown):
        return f"? ({cost.reclaim.reason})"
    words = f"{frees(cost)} alone"
    if cost.merges:
        words += f", by a merge that needs {text.tiny_size(cost.needs)} first"
    older = with_older_by_image(snapshot, counted)
    if not isinstance(older, NotKnown):
        words += f", {text.tiny_size(sum(older.values()))} together with everything older"
    return words


def _revert(snapshot: Snapshot, shown: Shown, counted: Counted, domain: Domain | None) -> str:
    """What a revert to it would lose, as far as that has been read; the dialog reads all."""
    if shown.config is None:
        return "? (the domain is not read yet)"
    if (broken := shown.layers.broken.get(snapshot.name)) is not None and not broken.moved:
        return f"? ({broken.words})"
    then = {disk.target: disk.path for disk in snapshot.config.disks} if snapshot.config else {}
    part_of = {disk.target for disk in snapshot.disks if disk.presence is not Presence.NO}
    active = domain is None or domain.state.active
    more = " or more" * active
    parts: list[str] = []
    for disk in shown.config.disks:
        if disk.target not in part_of:
            continue
        if then.get(disk.target, disk.path) != disk.path:
            parts.append(f"all that {disk.target} holds now")
            continue
        unsaved = unsaved_on(disk, counted)
        if isinstance(unsaved, NotKnown):
            parts.append(f"? on {disk.target} ({unsaved.reason})")
        elif unsaved:
            parts.append(f"{text.tiny_size(unsaved)}{more} on {disk.target}")
    memory = domain is not None and active
    words = ", ".join(parts) + ", and the running memory" * memory
    if not parts:
        words = "the running memory and " * memory + "no data, as far as counted"
    changes = differences(snapshot.config, shown.config) if snapshot.config is not None else ()
    return f"would lose {words}{'; now ' * bool(changes)}{', '.join(changes)}"
