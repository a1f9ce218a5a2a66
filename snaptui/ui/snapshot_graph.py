"""Snapshots as ordered rows, drawn like a commit graph.

A chain is a straight line however long it is; only forks are indented. At a fork the side
branches come first, in time order, and the main line goes on straight below them. The main
line is the one that leads to *now*; in branches that do not, it is the one with
most snapshots, so that indentation stays below 2 + 2 * log2(number of snapshots) columns.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from snaptui.model.snapshot import Snapshot, SnapshotSet
from snaptui.storage.in_image import Unmanaged
from snaptui.storage.unnamed import Unnamed


class RowKind(enum.Enum):
    """What a row stands for."""

    SNAPSHOT = "snapshot"
    CURRENT = "current"
    UNREAD = "unread"
    UNREADABLE = "unreadable"
    BROKEN = "broken"
    HERE = "here"
    UNMANAGED = "unmanaged"
    OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the snapshot pane.

    Attributes:
        name: the snapshot's exact name, or the path of an overlay; ``None`` for *now*.
        kind: ``UNREADABLE`` is a snapshot whose metadata could not be read, ``BROKEN`` one
            whose data are not what they were, or not all there.
        prefix: graph to the left of the row's own mark, two columns a level, made of
            the characters ``│├┌─`` and spaces.
        snapshot: its metadata, when they have been read.
        unmanaged: what a row of kind ``UNMANAGED`` stands for.
        overlay: what a row of kind ``OVERLAY`` stands for.
        broken: what is wrong with one of kind ``BROKEN``, in a word.
    """

    name: str | None
    kind: RowKind
    prefix: str
    snapshot: Snapshot | None = None
    unmanaged: Unmanaged | None = None
    overlay: Unnamed | None = None
    broken: str = ""

    @property
    def title(self) -> str:
        """What it is called in the list; an overlay by its disk and what tells it from others."""
        if self.overlay is None:
            return self.name or ""
        return f"{self.overlay.target}.{self.overlay.path.rpartition('.')[2]}"


def with_overlays(drawn: Sequence[Row], overlays: Iterable[Unnamed]) -> tuple[Row, ...]:
    """The rows, and below them the overlays that no snapshot names."""
    below = (Row(one.path, RowKind.OVERLAY, "", overlay=one) for one in overlays)
    return (*drawn, *below)


def with_unmanaged(drawn: Sequence[Row], unmanaged: Iterable[Unmanaged]) -> tuple[Row, ...]:
    """The rows, and below them what only the images know."""
    return (
        *drawn,
        *(Row(one.name, RowKind.UNMANAGED, "", None, one) for one in unmanaged),
    )


def with_broken(drawn: Sequence[Row], broken: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows, with those of broken snapshots told as such.

    Args:
        broken: by name, what is wrong in a word.
    """
    return tuple(
        replace(row, kind=RowKind.BROKEN, broken=word)
        if row.kind in (RowKind.SNAPSHOT, RowKind.CURRENT) and (word := broken.get(row.name or ""))
        else row
        for row in drawn
    )


def rows(snapshots: SnapshotSet) -> tuple[Row, ...]:
    """All rows of a domain's snapshots.

    Until every snapshot has been read the parents are not known, and the rows are flat in
    libvirt's order (parents before children).
    """
    if not snapshots.complete:
        flat = [_row(snapshots, name, "") for name in snapshots.names]
        return (*flat, Row(None, RowKind.HERE, "")) if snapshots.current else tuple(flat)
    children = children_of(snapshots)
    if snapshots.current is not None and snapshots.current in snapshots.names:
        children.setdefault(snapshots.current, []).append(None)
    order = _preorder(children)
    weight = _weights(children, order)
    drawn: list[Row] = []
    stack = _branches(children.get(_ROOT, []), weight, "", roots=True)
    while stack:
        node, prefix, below = stack.pop()
        if node is None:
            drawn.append(Row(None, RowKind.HERE, prefix))
        else:
            drawn.append(_row(snapshots, node, prefix))
            stack.extend(_branches(children.get(node, []), weight, below))
    return tuple(drawn)


def filtered(drawn: Sequence[Row], text: str) -> tuple[Row, ...]:
    """The rows whose name or description contains ``text``, without the graph."""
    wanted = text.casefold()
    return tuple(
        replace(row, prefix="")
        for row in drawn
        if row.name is not None
        and (
            wanted in row.name.casefold()
            or (row.snapshot is not None and wanted in row.snapshot.description.casefold())
        )
    )


def ranked(drawn: Sequence[Row], rank: Callable[[Row], float | None]) -> tuple[Row, ...]:
    """The rows of snapshots by rank, the highest first, without the graph; unknown ones last."""

    def key(row: Row) -> float:
        found = rank(row)
        return -1.0 if found is None else found

    flat = (replace(row, prefix="") for row in drawn if row.name is not None)
    return tuple(sorted(flat, key=key, reverse=True))


def children_of(snapshots: SnapshotSet) -> dict[str, list[str | None]]:
    """Names of each snapshot's children in time order; roots stand under the empty name.

    A snapshot that could not be read, or whose parent is not in the set, counts as a root.
    Should the parents form a circle (read while they were being changed), it is opened at
    one of them.
    """
    known = set(snapshots.names)
    parents: dict[str, str] = {}
    for name in snapshots.names:
        snapshot = snapshots.details.get(name)
        parent = snapshot.parent if snapshot is not None else None
        parents[name] = parent if parent is not None and parent in known else _ROOT
    by_time = sorted(snapshots.names, key=lambda name: _created(snapshots, name))
    _open_circles(parents, by_time)
    children: dict[str, list[str | None]] = {}
    for name in by_time:
        children.setdefault(parents[name], []).append(name)
    return children


def cursor_after(old: Sequence[Hashable], at: int, new: Sequence[Hashable]) -> int:
    """Where the cursor goes when the rows ``old`` become ``new``.

    It stays on its own row; when that is gone it goes to the nearest one that was below it,
    else above it, and to one without a name (*now*) last; ``0`` when nothing is left.
    """
    if not new:
        return 0
    places = {name: index for index, name in enumerate(new)}
    near = (*old[at + 1 :], *reversed(old[:at]))
    for name in (*old[at : at + 1], *(one for one in near if one is not None), None):
        if name in places:
            return places[name]
    return min(at, len(new) - 1)


_ROOT = ""


def _row(snapshots: SnapshotSet, name: str, prefix: str) -> Row:
    snapshot = snapshots.details.get(name)
    if name in snapshots.errors:
        kind = RowKind.UNREADABLE
    elif name == snapshots.current:
        kind = RowKind.CURRENT
    else:
        kind = RowKind.SNAPSHOT if snapshot is not None else RowKind.UNREAD
    return Row(name, kind, prefix, snapshot)


def _created(snapshots: SnapshotSet, name: str) -> int:
    snapshot = snapshots.details.get(name)
    return snapshot.created or 0 if snapshot is not None else 0


def _open_circles(parents: dict[str, str], by_time: Sequence[str]) -> None:
    safe = {_ROOT}
    for start in by_time:
        path: list[str] = []
        on_path: set[str] = set()
        node = start
        while node not in safe and node not in on_path:
            path.append(node)
            on_path.add(node)
            node = parents[node]
        if node in on_path:
            parents[start if start in path[path.index(node) :] else node] = _ROOT
        safe.update(path)


def _preorder(children: dict[str, list[str | None]]) -> list[str]:
    order: list[str] = []
    stack = [_ROOT]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(child for child in children.get(node, []) if child is not None)
    return order


def _weights(children: dict[str, list[str | None]], order: list[str]) -> dict[str | None, int]:
    """Number of snapshots of each subtree; the one with *now* outweighs all."""
    weight: dict[str | None, int] = {None: len(order) + 1}
    for node in reversed(order):
        weight[node] = 1 + sum(weight[child] for child in children.get(node, []))
    return weight


def _branches(
    siblings: list[str | None], weight: dict[str | None, int], prefix: str, *, roots: bool = False
) -> list[tuple[str | None, str, str]]:
    """``(node, prefix of its row, prefix of what is below it)``, the last drawn first."""
    if not siblings:
        return []
    main = max(range(len(siblings)), key=lambda at: (weight[siblings[at]], at))
    side = [node for at, node in enumerate(siblings) if at != main]
    drawn: list[tuple[str | None, str, str]] = [(siblings[main], prefix, prefix)]
    for at, node in reversed(list(enumerate(side))):
        joint = "┌─" if roots and at == 0 else "├─"
        drawn.append((node, prefix + joint, prefix + "│ "))
    return drawn
