"""All about the selected snapshot or domain, line by line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

from snaptui.common import text
from snaptui.model import group_mark, hold_mark
from snaptui.model.disk import Presence
from snaptui.model.domain import Domain, DomainConfig
from snaptui.model.image import Damaged, ImageInfo, Looped, Missing, NotKnown, Silent
from snaptui.model.snapshot import Snapshot, SnapshotSet
from snaptui.monitor.host import HostState
from snaptui.monitor.snapshots import Shown
from snaptui.storage.backing_chain import Layers, Level, chain, disks_with_chains
from snaptui.storage.costs import (
    Cost,
    cost_of,
    held_now,
    unsaved_of,
    with_older_by_image,
    written_disks,
)
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged, oddities
from snaptui.storage.qcow2.usage import DOUBTS, ImageUsage
from snaptui.storage.unnamed import Unnamed
from snaptui.ui.format import (
    added,
    frees,
    holds,
    state_of,
    state_words,
    written,
)
from snaptui.ui.panes.lines import Line
from snaptui.ui.snapshot_graph import Row


def snapshot_lines(row: Row, shown: Shown, counted: Counted) -> tuple[Line, ...]:
    """Everything that is known of a snapshot."""
    snapshots = shown.snapshots
    if row.name is None or snapshots is None:
        current = snapshots.current if snapshots is not None else None
        return (
            ("Now", "the state of the domain at this moment"),
            *fault_lines(shown.config, shown.layers),
            *_checkpoint_lines(shown),
            ("After", current or "no snapshot"),
            *_image_lines(shown, counted),
            *_chain_lines(shown.config, shown.layers, shown),
        )
    if row.unmanaged is not None:
        return tuple(_unmanaged_lines(row.unmanaged, counted))
    if row.overlay is not None:
        return tuple(_overlay_lines(row.overlay, shown))
    lines = [("Name", row.name), *fault_lines(shown.config, shown.layers)]
    if row.name in snapshots.errors:
        return (*lines, ("Error", snapshots.errors[row.name]))
    if row.snapshot is None:
        return (*lines, ("", "being read"))
    return (*lines, *_known_lines(row.snapshot, snapshots, shown, counted))


def _unmanaged_lines(unmanaged: Unmanaged, counted: Counted) -> Iterator[Line]:
    yield "Name", unmanaged.name
    created = text.when(unmanaged.created, zone=True, seconds=True)
    yield "Created", f"{created}, {text.age(unmanaged.created, time.time())}"
    yield "Unmanaged", "qemu-img made it, or its metadata was deleted"
    for path, entry in unmanaged.parts:
        saved = f", {text.size(entry.vm_state)} of RAM" if entry.vm_state else ""
        yield "Image", f"ID {entry.id} in {path}{saved}"
    yield from cost_lines(unmanaged, cost_of(unmanaged, counted), counted)


def _image_lines(shown: Shown, counted: Counted) -> Iterator[Line]:
    """What the disks as they are now hold, and what else is in their images."""
    if shown.config is None:
        yield "Written since", "? (not read yet)"
        return
    since = unsaved_of(shown.config, counted)
    yield (
        "Written since",
        f"? ({since.reason})"
        if isinstance(since, NotKnown)
        else f"{added(since, text.short_size)} in no snapshot",
    )
    for disk in written_disks(shown.config):
        usage = held_now(disk, counted)
        if isinstance(usage, NotKnown):
            yield f"Disk {disk.target}", f"? ({usage.reason})"
        else:
            yield f"Disk {disk.target}", _image_words(usage)


def _image_words(image: ImageUsage) -> str:
    usage = image.usage
    leaked = "leaked ?" if usage.leaked is None else f"leaked {text.size(usage.leaked)}"
    return (
        f"now {text.size(usage.disk_now)}, in snapshots only {text.size(usage.snapshots_only)}, "
        f"metadata {text.size(usage.metadata)}, {leaked}; "
        f"{text.size(image.disk_size)} on the host; {_counted_words(image.counted_at)}"
    )


def _counted_words(moment: float) -> str:
    return f"counted {text.age(int(moment), time.time())}"


def _known_lines(
    snapshot: Snapshot, snapshots: SnapshotSet, shown: Shown, counted: Counted
) -> Iterator[Line]:
    yield from error_lines(snapshot, shown)
    created = text.when(snapshot.created, zone=True, seconds=True)
    yield "Created", f"{created}, {text.age(snapshot.created, time.time())}"
    if (held := hold_mark.hold_of(snapshot)) is not None:
        yield "Held", f"by {held.who} since {held.since}: snaptui does not delete it"
    if description := group_mark.described(snapshot):
        yield "Description", description
    if author := group_mark.author_of(snapshot):
        yield "Says", f"taken by {author}"
    yield "Parent", snapshot.parent or "none"
    yield from further_lines(snapshot, snapshots, shown, counted)


def error_lines(snapshot: Snapshot, shown: Shown) -> Iterator[Line]:
    """What is wrong with a snapshot."""
    for oddity in oddities(snapshot, shown.images):
        yield "Error", oddity
    if snapshot.name in shown.layers.broken:
        broken = shown.layers.broken[snapshot.name]
        if broken.way_back:
            yield "Way back", broken.way_back
        yield "Error", f"{broken.matter.mark}: {broken.words}"
    if snapshot.delete_in_progress:
        yield "Error", "a delete above it was not finished: delete that one again"


def further_lines(
    snapshot: Snapshot, snapshots: SnapshotSet, shown: Shown, counted: Counted
) -> Iterator[Line]:
    """What is known of a snapshot beside its name, its time, its description and its faults."""
    current = ", current" if snapshots.current == snapshot.name else ""
    yield "State", f"{state_of(snapshot)}, {snapshot.kind.value}{current}"
    yield "Holds", holds(snapshot)[2:]
    if (belongs := group_mark.group_of(snapshot)) is not None:
        yield "Group", belongs.words
    children = [one for one in snapshots.details.values() if one.parent == snapshot.name]
    children.sort(key=lambda one: one.created or 0)
    below = [one.name for one in children]
    yield "Children", ", ".join(below) or "none"
    if snapshot.memory is Presence.EXTERNAL:
        gone = isinstance(shown.layers.heads.get(snapshot.memory_path or ""), Missing)
        yield "Error" if gone else "Memory", f"{snapshot.memory_path or '?'}{' is gone' * gone}"
    elif snapshot.has_memory:
        state = shown.vm_state(snapshot)
        yield (
            "VM state",
            f"? ({state.reason})" if isinstance(state, NotKnown) else text.size(state),
        )
    for part in snapshot.disks:
        then = snapshot.then.get(part.target)
        source = then.path or then.unknown or then.source_type if then is not None else "?"
        over = f" -> {part.path}" if part.path else ""
        yield f"Disk {part.target}", f"{part.presence.value}, {source}{over}"
    yield from cost_lines(snapshot, cost_of(snapshot, counted, shown.layers), counted)
    yield from _chain_lines(snapshot.config, shown.layers)


def cost_lines(
    thing: Snapshot | Unmanaged, cost: Cost | NotKnown, counted: Counted
) -> Iterator[Line]:
    """What a snapshot costs, and why."""
    if isinstance(cost, NotKnown):
        yield "Written", f"? ({cost.reason})"
        yield "Frees", f"? ({cost.reason})"
        return
    first = ", the disks as first written" if cost.oldest else " since the one before"
    if isinstance(cost.written, NotKnown):
        yield "Written", f"? ({cost.written.reason})"
    else:
        yield "Written", f"{written(cost, text.short_size)}{first}"
    if isinstance(cost.reclaim, NotKnown):
        yield "Frees", f"? ({cost.reclaim.reason})"
    else:
        needs = f" by merging, needs {text.size(cost.needs)} first" if cost.merges else ""
        when = _counted_words(cost.counted_at) if cost.counted_at is not None else ""
        doubt = ""
        if cost.approximate:
            holes = ", or it has holes that are not visible from here" if cost.merges else ""
            doubt = f"; {DOUBTS[cost.in_use]}{holes}"
        yield (
            "Frees",
            f"{frees(cost, text.short_size)} when deleted{needs}{when and f'; {when}'}{doubt}",
        )
        if cost.given_back is False:
            yield "", "of which the host gets nothing for images on block devices: what is freed"
            yield "", "there stays inside the image, for its next writes"
        elif cost.given_back is None:
            yield "", "of which the image perhaps keeps all for its next writes: on this file"
            yield "", "system it is not known to shrink when something is freed inside of it"
    older = with_older_by_image(thing, counted)
    if not isinstance(older, NotKnown):
        yield "Frees", f"{text.size(sum(older.values()))} with older: all before it in its images"
    if len(cost.by_disk) > 1 and isinstance(thing, Snapshot):
        for target, (grown, freed) in cost.by_disk.items():
            yield f"Cost {target}", f"{_or_mark(grown)} written, {_or_mark(freed)} freed"
    for target, (overlay, lower) in cost.merges.items():
        yield "Merges", f"{target}, {os.path.basename(overlay)} into {os.path.basename(lower)}"
    if cost.memory_left:
        yield "Left", f"{cost.memory_left}: this libvirt does not remove it when deleting"


def _or_mark(size: int | NotKnown) -> str:
    return "?" if isinstance(size, NotKnown) else text.size(size)


def _chain_lines(
    config: DomainConfig | None, layers: Layers, now: Shown | None = None
) -> Iterator[Line]:
    """Each disk's image and what lies beneath it, from the top.

    Args:
        now: the domain as it is now, where these are its disks.
    """
    unnamed = {(one.target, one.path): one for one in (now.unnamed if now is not None else ())}
    for disk in config.disks if config is not None else ():
        if disk.device not in ("disk", "lun"):
            continue
        volume = disk.volume
        of = f" (volume {volume.name} of the pool {volume.pool})" if volume is not None else ""
        if disk.path is None:
            if disk.unknown:
                yield "Chain", f"{disk.target}{of}, ? ({disk.unknown})"
            continue
        first, *beneath = chain(disk.path, disk.format, layers.heads)
        yield "Chain", f"{disk.target}{of}, {_level_words(first)}"
        for level in (first, *beneath):
            if level is not first:
                yield "beneath", _level_words(level)
            one = unnamed.get((disk.target, level.path))
            if one is not None:
                yield _unnamed_line(one)


def _unnamed_line(one: Unnamed) -> Line:
    """Whose an overlay may be that no snapshot names."""
    name, when = os.path.basename(one.path), "?"
    if one.written is not None:
        when = text.age(int(one.written), time.time())
    return "unnamed", f"no snapshot names {name}: {one.whose} (written {when})"


def _overlay_lines(one: Unnamed, shown: Shown) -> Iterator[Line]:
    """All about an overlay that no snapshot names."""
    yield "Overlay", one.path
    yield "Lies upon", f"{one.lower}, into which d merges it while the domain runs"
    image = shown.layers.heads.get(one.path, NotKnown("not read yet"))
    if isinstance(image, NotKnown):
        yield "Size", f"? ({image.reason})"
    else:
        yield "Size", f"{text.size(image.disk_size)} on the host"
    yield from _chain_lines(shown.config, shown.layers, shown)


def _checkpoint_lines(shown: Shown) -> Iterator[Line]:
    """What stands in the way of reverts to internal snapshots."""
    if shown.checkpoints:
        number = text.count(len(shown.checkpoints), "checkpoint")
        yield "Backup", f"{number} ({text.some(shown.checkpoints)}): no internal revert beside"


def fault_lines(config: DomainConfig | None, layers: Layers) -> Iterator[Line]:
    """What is wrong with the images of disks."""
    for disk in config.disks if config is not None else ():
        if (now := disk.moved_to) is not None:
            place = now.reason if isinstance(now, NotKnown) else f"its pool says {now} today"
            yield "Error", f"{disk.target}: QEMU has {disk.path} open, and {place}"
    for disk in disks_with_chains(config) if config is not None else ():
        levels = chain(disk.path or "", disk.format, layers.heads)
        if not disk.encryption and any(_is_encrypted(level) for level in levels):
            yield (
                "Error",
                f"{disk.target}: the definition has no <encryption> for it: it does not start",
            )
        for level in levels:
            if isinstance(level.image, Looped):
                yield "Error", f"{disk.target}: its backing chain comes to {level.path} again"
            elif isinstance(level.image, ImageInfo) and level.image.holds_qcow2:
                name = os.path.basename(level.path)
                yield "Error", f"{disk.target}: {name} is declared raw and holds qcow2"
            if isinstance(level.image, Missing | Damaged | Silent):
                yield "Error", f"{disk.target}: {_path_last(level.image.reason, level.path)}"
            elif isinstance(level.image, ImageInfo) and level.image.corrupt:
                name = os.path.basename(level.path)
                yield (
                    "Error",
                    f"{disk.target} is marked corrupt, and QEMU writes to it no more: {name}",
                )


def _is_encrypted(level: Level) -> bool:
    return isinstance(level.image, ImageInfo) and level.image.encrypted


def _path_last(reason: str, path: str) -> str:
    """A reason that begins with a path, the other way round: lines are cut off at their end."""
    first, begins, rest = reason.partition(f"{path}: ")
    return f"{rest.removesuffix('.')} ({path})" if begins and not first else reason


def _level_words(level: Level) -> str:
    image = level.image
    if isinstance(image, NotKnown):
        of = "" if level.path in image.reason else f"{level.path}: "
        return f"? ({of}{image.reason})"
    virtual = text.size(image.virtual_size) if level.format in ("qcow2", "raw") else "?"
    folder, name = os.path.split(image.path)
    return (
        f"{name}: {level.format}, {text.size(image.disk_size)} on the host, {virtual} virtual; "
        f"in {folder}"
    )


def domain_lines(
    domain: Domain,
    state: HostState,
    marked: Sequence[str],
    thaw: str,
    shown: Shown | None,
    also_on: Sequence[str] = (),
    shares_with: Sequence[str] = (),
) -> tuple[Line, ...]:
    """Everything that is known of a domain without asking more, and which ones are marked.

    Args:
        marked: names of the marked domains.
        thaw: the key that thaws.
        shown: its disks and snapshots; ``None`` where those of another domain are.
        also_on: other hosts that have the same guest.
        shares_with: guests of other hosts that have an image of it.
    """
    summary = state.summaries.get(domain.key)
    lines: list[Line] = [
        ("Name", domain.name),
        ("UUID", domain.key.uuid),
        ("State", state_words(domain)),
    ]
    if also_on:
        lines.append(("Also on", f"{', '.join(also_on)}, with the same UUID"))
    if shares_with:
        lines.append(("Shares", f"an image with {', '.join(shares_with)}"))
    if domain.key in state.frozen and domain.state.active:
        lines.append(
            ("Error", f"its file systems are frozen, as its agent said: {thaw} thaws them")
        )
    if summary is not None:
        lines.append(("Snapshots", "?" if summary.count is None else str(summary.count)))
        if summary.newest is not None:
            newest = text.when(summary.newest, zone=True)
            lines.append(("Newest", f"{newest}, {text.age(summary.newest, time.time())}"))
        if summary.error:
            lines.append(("Error", summary.error))
    if shown is not None:
        lines += fault_lines(shown.config, shown.layers)
        lines += _checkpoint_lines(shown)
        lines += _chain_lines(shown.config, shown.layers, shown)
    if marked:
        lines.append(("Marked", f"{text.count(len(marked), 'domain')}: {', '.join(marked)}"))
    return tuple(lines)
