"""What merges of overlays into the images beneath need, and what forbids them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.domain import DomainState
from snaptui.model.image import FileSystem, ImageInfo, NotKnown
from snaptui.plan.delete.findings import Findings, MergeNeeds
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Note, Unchecked, remark
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import NOT_READ
from snaptui.storage.disk_cost import merge_needs

LEAST = 1 << 20
"""Bytes that a merge may need for tables beside the data."""
TABLES = 64
"""For so many bytes of data one more is taken for tables, at most."""
SECONDS, MINUTES = 1 << 30, 30 << 30
"""Bytes that are merged in seconds, and in minutes, on disks that are not slow."""


def inside_refusals(facts: Facts, overlay: str) -> Iterator[Refusal]:
    """The snapshots inside an overlay are lost with it."""
    image = facts.layers.heads.get(overlay)
    inside = image.snapshots if isinstance(image, ImageInfo) else ()
    if inside:
        names = ", ".join(entry.name for entry in inside)
        way, harm = Way.DELETE_OR_EXTRACT, Harm.INSIDE_LOST
        yield refuse(Why.INSIDE_OVERLAY, way, harm=harm, path=overlay, names=names)


def sharing_refusals(
    facts: Facts, overlay: str, lower: str, uppers: Collection[str]
) -> Iterator[Refusal]:
    """Whoever else lies upon one of the two would lose it, or see other data in it."""
    above, harm = facts.layers.above, Harm.OTHER_LOST
    for path, own, lies, uses in (
        (overlay, uppers, Why.LIES_UPON_LOSES, Why.USER_LOSES),
        (lower, (overlay,), Why.LIES_UPON_SEES_OTHER, Why.USER_SEES_OTHER_DATA),
    ):
        names: dict[str, Any] = {"path": path, "overlay": overlay}
        for other in sorted(above.get(path, frozenset()).difference(own)):
            yield refuse(lies, Way.DELETE_OWNER_OR_COPY, harm=harm, other=other, **names)
        for user in facts.of(path):
            yield refuse(uses, Way.OWN_IMAGE, harm=harm, user=user.words, **names)


def room(facts: Facts, merges: Iterable[tuple[str, str]], *, cancels: bool) -> Findings:
    """Whether the merges have the space that they need first, one after another.

    What was merged into an overlay before is merged on with it: needs add up from the top.

    Args:
        merges: each overlay and what it is merged into.
        cancels: whether one can be given up: a job of its own, whose end has no error code.
    """
    found = Findings()
    left: dict[str, int] = {}
    carried: dict[str, int] = {}
    copied = most = 0
    exact = True
    unknown: NotKnown | None = None
    for overlay, lower in merges:
        image = facts.layers.heads.get(overlay, NOT_READ)
        if isinstance(image, NotKnown):
            unknown = unknown or NotKnown(f"{overlay}: {image.reason}")
            found.unchecked.append(remark(Unchecked.MERGE_NEEDS, path=overlay, reason=image.reason))
            continue
        counted = merge_needs(overlay, facts.counted, facts.layers)
        more = carried.get(overlay, 0)
        needs = more + (image.disk_size if isinstance(counted, NotKnown) else counted)
        carried[lower] = carried.get(lower, 0) + needs
        copied += image.disk_size
        beneath = facts.layers.heads.get(lower)
        raw = isinstance(beneath, ImageInfo) and beneath.format == "raw"
        if raw and does(facts.host, Wrong.FILLS_RAW):
            version = abilities.by_whom(facts.host, Wrong.FILLS_RAW)
            found.notes.append(remark(Note.ZEROS_WRITTEN, version=version, path=lower))
        exact = exact and not isinstance(counted, NotKnown) and not more
        written = _written(facts, lower)
        space = written if isinstance(written, NotKnown) else facts.spaces.get(written)
        above = facts.spaces.get(overlay)
        if not isinstance(space, FileSystem):
            reason = space.reason if space is not None else "its file system is not known"
            found.unchecked.append(remark(Unchecked.MERGE_ROOM, path=lower, reason=reason))
            unknown = unknown or NotKnown(f"{lower}: {reason}")
            continue
        place = space.mount or space.path
        free = left.get(place, space.free)
        left[place] = free - needs
        most = max(most, space.free - left[place])
        if needs and left[place] < needs // TABLES + LEAST:
            lacks = refuse(
                Why.MERGE_DOES_NOT_FIT, Way.ROOM_OR_ONE if more else Way.ROOM,
                code=None if cancels else libvirt_codes.INTERNAL_ERROR,
                path=written, free=text.size(free),
                needs=f"{'' if exact else 'up to '}{text.size(needs)}",
            )  # fmt: skip
            if isinstance(counted, NotKnown):
                found.unchecked.append(
                    remark(Unchecked.MERGE_FITS, fact=lacks.fact, reason=counted.reason)
                )
            else:
                found.refusals.append(lacks)
        if isinstance(above, FileSystem):
            there = above.mount or above.path
            left[there] = left.get(there, above.free) + image.disk_size
    if unknown is not None and not copied:
        found.needs = MergeNeeds(unknown, exact=False)
    if copied:
        found.needs = MergeNeeds(unknown or most, exact)
        can = "can" if cancels else "cannot"
        note = _copied(facts.status.domain.state)
        found.notes.append(remark(note, size=text.size(copied), time=_time(copied), can=can))
    return found


def _written(facts: Facts, lower: str) -> str | NotKnown:
    """The file to which the data of a merge into an image go: another one where it names one."""
    image = facts.layers.heads.get(lower)
    data_file = image.data_file if isinstance(image, ImageInfo) else None
    return lower if data_file is None else data_file


def _copied(state: DomainState) -> Note:
    if state is DomainState.RUNNING:
        return Note.COPIED_RUNNING
    return Note.COPIED_ACTIVE if state.active else Note.COPIED_OFF


def _time(size: int) -> str:
    if size < SECONDS:
        return "seconds"
    return "minutes" if size < MINUTES else "long, on slow disks hours"
