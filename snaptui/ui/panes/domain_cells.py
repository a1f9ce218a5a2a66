"""What the rows of domains, images and hosts say beside their names."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.cells import cell_len

from snaptui.common import text
from snaptui.model.domain import Domain
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.monitor.host import Link
from snaptui.monitor.images import WAITING, ListedImage
from snaptui.ui import status_lines
from snaptui.ui.format import Glyphs, clean, fit, short_age, state_style, state_words
from snaptui.ui.panes.host_rows import ListedHost, Order
from snaptui.ui.panes.row_list import Cell
from snaptui.ui.pictures import growth_line

COUNT, AGE, FREES, GROWN = 6, 7, 7, 14
"""Cells of the number of snapshots, the age of the oldest, and what all of them take."""
FREES_FROM, GROWN_FROM = 45, 56
"""Cells of a row from which on the last two are there."""
FROZEN = "frozen"
"""The state of a guest whose file systems are frozen: what it waits for matters most."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Cells of each part of a row."""

    name: int
    state: int
    frees: int
    grown: int


def shares(width: int) -> Shares:
    """Share out a row: the wider it is, the more is said."""
    frees = FREES if width >= FREES_FROM else 0
    grown = GROWN if width >= GROWN_FROM else 0
    spare = width - 2 - COUNT - AGE - frees - grown
    state = max(9, min(24, spare * 2 // 5))
    return Shares(max(spare - state - 1, 1), state, frees, grown)


def heading(width: int, glyphs: Glyphs, name: str, order: Order) -> str:
    """Titles of the columns, in the places of the cells; ``name`` is the first one."""
    shared = shares(width)
    by = {one: f"{one.value}{glyphs.sorted * (one is order)}" for one in Order}
    return "".join(
        [
            "  " + fit(f"{name}{glyphs.sorted * (order is Order.NAME)}", shared.name, glyphs),
            " " + fit("State", shared.state, glyphs),
            fit(by[Order.COUNT], COUNT, glyphs, right=True),
            fit(by[Order.OLDEST], AGE, glyphs, right=True),
            fit(by[Order.FREES], shared.frees, glyphs, right=True),
            "  " + fit("Grown", shared.grown - 2, glyphs) if shared.grown else "",
        ]
    )


def of_domain(domain: Domain, host: ListedHost, shared: Shares, glyphs: Glyphs) -> list[Cell]:
    """State, number of snapshots, age of the oldest, and what all of them take."""
    known = host.state
    summary = known.summaries.get(domain.key)
    count = "" if summary is None else "?" if summary.count is None else str(summary.count)
    age = short_age(summary.oldest, time.time()) if summary is not None else ""
    state: Cell = (clean(state_words(domain), glyphs), state_style(domain.state))
    if domain.key in known.frozen and domain.state.active:
        state = (FROZEN, "bad")
    return [*_cells(state, count, age, shared, glyphs), *_figures(domain, host, shared, glyphs)]


def of_image(listed: ListedImage, shared: Shares, glyphs: Glyphs) -> list[Cell]:
    """Size on the host, number of snapshots, age of the newest."""
    head = listed.head
    if not isinstance(head, ImageInfo):
        state: Cell = ("cannot be read" if head != WAITING else "", "bad")
        return _cells(state, "?", "", shared, glyphs)
    used = not isinstance(listed.holders, NotKnown) and bool(listed.holders)
    size = text.short_size(head.disk_size)
    newest = max((entry.created for entry in head.snapshots), default=None)
    state = (f"in use, {size}", "warn") if used else (size, "muted")
    age = short_age(newest, time.time())
    return _cells(state, str(len(head.snapshots)), age, shared, glyphs)


def of_host(host: ListedHost, folded: bool, width: int, glyphs: Glyphs) -> list[Cell]:
    """Whether it is folded, its name, and how it is."""
    state = host.state
    words, role = status_lines.link_words(state), "muted"
    if state.link is Link.CONNECTED:
        words = status_lines.heading_figures(state, host.fullest, width - 14)
        full = host.fullest.space
        if full is not None and full.free / full.size < status_lines.FULL:
            role = "bad"
    elif state.link is not Link.CONNECTING:
        role = "bad"
    shown = clean(words, glyphs)
    room = max(width - 2 - cell_len(shown) - 1, min(12, width - 2))
    return [
        (f"{glyphs.folded if folded else glyphs.unfolded} ", "graph"),
        (fit(clean(host.name, glyphs), room, glyphs) + " ", "strong"),
        (fit(shown, width - 2 - room - 1, glyphs, right=True), role),
    ]


def _cells(state: Cell, count: str, age: str, shared: Shares, glyphs: Glyphs) -> list[Cell]:
    return [
        (fit(state[0], shared.state, glyphs), state[1]),
        (fit(count, COUNT, glyphs, right=True), "bad" if count == "?" else ""),
        (fit(age, AGE, glyphs, right=True), "muted"),
    ]


def _figures(domain: Domain, host: ListedHost, shared: Shares, glyphs: Glyphs) -> list[Cell]:
    """What deleting all of its snapshots frees, and what each made its images grow by."""
    summary, known = host.state.summaries.get(domain.key), host.figures.get(domain.key)
    if summary is None or not summary.count:
        return []
    fresh = known if known is not None and known.count == summary.count else None
    frees, grown = "?", ""
    if fresh is not None:
        if (freed := fresh.frees.bound) is not None:
            frees = f"{'' if fresh.frees.whole else '>'}{text.tiny_size(freed)}"
        grown = growth_line(fresh.grown, shared.grown - 2, glyphs)
    cells: list[Cell] = []
    if shared.frees:
        cells.append((fit(frees, shared.frees, glyphs, right=True), "muted" * (frees == "?")))
    if shared.grown:
        cells.append(("  " + fit(grown, shared.grown - 2, glyphs), "graph"))
    return cells
