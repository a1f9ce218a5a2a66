"""What is marked of what could be deleted: what it is, and what deleting all of it gives back."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from snaptui.model.domain import Domain
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.costs import entries_of, frees_by_image, reclaim_by_image, takes_nothing
from snaptui.storage.disk_cost import Counted
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.storage.reclaimable import (
    NOWHERE,
    Mounts,
    Survey,
    Surveyed,
    disk_size,
    leftovers,
    mounts_of,
)
from snaptui.storage.totals import Total


def promised(
    survey: Survey, counted: Counted, marked: Collection[tuple[str, str]]
) -> Mapping[str, Total] | NotKnown:
    """By file system, what deleting all marked items together gives back.

    Args:
        marked: by :attr:`Item.key`.

    Returns:
        ``NotKnown`` where nothing is known of what is marked of a single domain.
    """
    totals: dict[str, Total] = {}
    mounts = survey.mounts
    by_domain = {one.domain.key.uuid: one for one in survey.domains}
    names: dict[str, set[str]] = {}
    for uuid, name in marked:
        names.setdefault(uuid, set()).add(name)
    before = _Before(counted)
    for uuid in (known for known in by_domain if known in names):
        one = by_domain[uuid]
        freed = _promised_of(mounts, counted, one, names[uuid], before)
        lacking = [total for total in freed.values() if not total.whole]
        if len(names) == 1 and any(total.bound is None for total in lacking):
            return NotKnown(f"{one.domain.name}: {lacking[0].reason}")
        for mount, total in freed.items():
            totals[mount] = totals.get(mount, Total()).with_all(total)
    for path in leftovers(survey):
        on = mounts.get(path, NOWHERE)
        if ("", path) in marked and on is not None:
            totals[on] = totals.get(on, Total()).plus(disk_size(survey, path))
    return totals


class _Before:
    """What the domains before this one give back already: an image may be of several."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._entries: dict[str, frozenset[int]] = {}
        self._files: set[str] = set()

    def more(
        self, together: Mapping[str, int], entries: Mapping[str, frozenset[int]]
    ) -> Mapping[str, int] | NotKnown:
        """What a domain gives back beside that, by path.

        Args:
            together: what it gives back by itself.
            entries: those of snapshot tables that are in it.

        Returns:
            ``NotKnown`` where one of several domains would remove or merge an image of theirs.
        """
        whole = together.keys() - entries.keys()
        if twice := (whole & (self._files | self._entries.keys())) | (entries.keys() & self._files):
            return NotKnown(f"{min(twice)} is an image of several domains")
        self._files |= whole
        found = dict(together)
        for path, mine in entries.items():
            usage, had = self._counted[path], self._entries.get(path, frozenset())
            if had and isinstance(usage, ImageUsage):
                found[path] = usage.usage.frees(had | mine) - usage.usage.frees(had)
            self._entries[path] = had | mine
        return found


def _promised_of(
    mounts: Mounts,
    counted: Counted,
    one: Surveyed,
    names: Collection[str],
    before: _Before,
) -> Mapping[str, Total]:
    """The same of one domain: what is known of it together, and the rest one by one."""
    totals: dict[str, Total] = {}
    known: list[Snapshot | Unmanaged] = []
    lacking: list[tuple[Snapshot | Unmanaged | None, NotKnown]] = []
    for thing in one.things:
        if thing.name in names:
            freed = reclaim_by_image(thing, counted, one.layers)
            if isinstance(freed, NotKnown):
                lacking.append((thing, freed))
            else:
                known.append(thing)
    lacking += [(None, NotKnown(one.unread[name])) for name in one.unread if name in names]
    together = frees_by_image(known, counted, one.layers)
    if not isinstance(together, NotKnown):
        together = before.more(together, entries_of(known, counted))
    if isinstance(together, NotKnown):
        lacking += [(thing, together) for thing in known]
        known, together = [], {}
    for path, size in together.items():
        on = mounts.get(path, NOWHERE)
        if on is not None:
            totals[on] = totals.get(on, Total()).plus(size, of=0)
    for thing in known:
        for mount in mounts_of(mounts, one, thing, together):
            totals[mount] = totals.get(mount, Total()).plus(0)
    for unsure, why in lacking:
        # what is inside of an image can only be freed; an overlay may be merged elsewhere
        least = unsure is not None and takes_nothing(unsure, one.layers)
        for mount in mounts_of(mounts, one, unsure, ()):
            totals[mount] = totals.get(mount, Total()).plus(why, least=least)
    return totals


def chosen(
    survey: Survey, marked: Collection[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[tuple[Domain, tuple[str, ...], tuple[str, ...]], ...]]:
    """What marked items are: paths of leftovers, and by domain the names of its snapshots.

    Those that libvirt knows, then unmanaged ones.
    """
    files = tuple(path for path in leftovers(survey) if ("", path) in marked)
    parts = []
    uuids = {uuid for uuid, _ in marked}
    for one in (known for known in survey.domains if known.domain.key.uuid in uuids):
        uuid = one.domain.key.uuid
        things = [thing for thing in one.things if (uuid, thing.name) in marked]
        names = [thing.name for thing in things if isinstance(thing, Snapshot)]
        names += [name for name in one.unread if (uuid, name) in marked]
        extra = tuple(thing.name for thing in things if isinstance(thing, Unmanaged))
        if names or extra:
            parts.append((one.domain, tuple(names), extra))
    return files, tuple(parts)


def digests(survey: Survey, marked: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Of marked snapshots the hashes of their XML as they were read."""
    return {
        (one.domain.key.uuid, snapshot.name): snapshot.digest
        for one in survey.domains
        for snapshot in one.snapshots
        if (one.domain.key.uuid, snapshot.name) in marked
    }


def still_there(survey: Survey, marked: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Those of marked items that were found."""
    files, domains = chosen(survey, marked)
    inside = {
        (domain.key.uuid, name)
        for domain, names, unmanaged in domains
        for name in (*names, *unmanaged)
    }
    return frozenset({("", path) for path in files} | inside)
