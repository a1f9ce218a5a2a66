"""The two lists of the view of the file systems."""

from __future__ import annotations

from snaptui.common import text
from snaptui.model.image import NotKnown
from snaptui.storage.reclaimable import Item, ItemKind, Mark, PlaceOnHost
from snaptui.ui.format import Glyphs, bar, clean, fit
from snaptui.ui.panes.row_list import Cell, RowList
from snaptui.ui.pictures import BAR, BAR_FROM, most_of, share_line

FULL = 0.95
"""Share in use above which a file system is shown as a trouble."""


class PlaceList(RowList):
    """One row for each file system, the fullest first."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="places")
        self._glyphs = glyphs
        self.places: tuple[PlaceOnHost, ...] = ()

    @property
    def count(self) -> int:
        """Number of file systems."""
        return len(self.places)

    @property
    def selected(self) -> PlaceOnHost | None:
        """The one under the cursor."""
        return self.places[self.cursor] if self.places else None

    def show(self, places: tuple[PlaceOnHost, ...]) -> None:
        """Show these; the cursor stays on its file system, once one is known."""
        before = self.selected
        first = self.cursor == 0 and before is not None and isinstance(before.place.space, NotKnown)
        self.places = places
        names = [(one.uri, one.place.name) for one in places]
        at = (before.uri, before.place.name) if before is not None and not first else None
        self.rows_changed(names.index(at) if at is not None and at in names else 0)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Mount point, how full, size, free, what snapshots hold."""
        place, glyphs = self.places[index].place, self._glyphs
        host = self.places[index].host
        on = f"{host}: " if host else ""
        space, full = place.space, place.full
        marker = glyphs.cursor if index == self.cursor else " "
        held = fit(place.in_snapshots.short, 12, glyphs, right=True)
        left = max(1, width - 54)
        if isinstance(space, NotKnown) or full is None:
            return [
                (f"{marker} ", "strong"),
                (
                    fit(clean(f"{on}{place.name or 'not known where'}", glyphs), left, glyphs),
                    "muted",
                ),
                (fit("?", 18, glyphs, right=True), "muted"),
                (fit("?", 11, glyphs, right=True) * 2, "muted"),
                (held, ""),
            ]
        role = "bad" if full >= FULL else "warn" if full >= FULL - 0.1 else ""
        name = f"{on}{space.name}  {space.kind}"
        about = "~" if space.stale else ""
        free = about + text.short_size(space.free)
        return [
            (f"{marker} ", "strong"),
            (fit(clean(name, glyphs), left, glyphs), ""),
            (f" {bar((full,), 10, glyphs)} {f'{about}{full * 100:.0f}':>4} %", role),
            (fit(text.short_size(space.size), 11, glyphs, right=True), ""),
            (fit(free, 11, glyphs, right=True), role),
            (held, ""),
        ]

    @staticmethod
    def heading(width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        return (
            "  "
            + fit("File system", max(1, width - 54), glyphs)
            + fit("In use", 18, glyphs, right=True)
            + fit("Size", 11, glyphs, right=True)
            + fit("Free", 11, glyphs, right=True)
            + fit("Snapshots", 12, glyphs, right=True)
        )


class ItemList(RowList):
    """What could be deleted on one file system."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="items")
        self._glyphs = glyphs
        self.items: tuple[Item, ...] = ()
        self.marked: frozenset[Mark] = frozenset()
        self._uri = ""
        self._most = 0

    @property
    def count(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def selected(self) -> Item | None:
        """The one under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def selected_mark(self) -> frozenset[Mark]:
        """The item under the cursor as if it were marked."""
        item = self.selected
        return frozenset({(self._uri, *item.key)} if item is not None else ())

    def show(self, uri: str, items: tuple[Item, ...]) -> None:
        """Show these of a host; the cursor stays on its item."""
        if uri == self._uri and items == self.items:
            return
        before = self.selected if uri == self._uri else None
        self._uri, self.items = uri, items
        self._most = most_of(item.reclaim for item in items)
        keys = [item.key for item in items]
        known = self.cursor and before is not None and before.key in keys
        self.rows_changed(keys.index(before.key) if before and known else self.cursor)

    def mark(self) -> None:
        """Mark the item, or take its mark away, and go on to the next row."""
        item = self.selected
        if item is not None:
            self.marked ^= self.selected_mark
            self.refresh_line(self.cursor)
            self.cursor += 1

    def cells(self, index: int, width: int) -> list[Cell]:
        """Marks, what it is, and the two figures."""
        item, glyphs = self.items[index], self._glyphs
        marker = glyphs.cursor if index == self.cursor else " "
        marked = glyphs.marked if (self._uri, *item.key) in self.marked else " "
        domain = clean(item.domain.name, glyphs) if item.domain is not None else _own(item)
        left, dated, drawn = _widths(width)
        line = share_line(item.reclaim, self._most, drawn - 1, glyphs) if drawn else ""
        role = (
            "warn" if item.kind in (ItemKind.UNMANAGED, ItemKind.LEFTOVER, ItemKind.UNSURE) else ""
        )
        return [
            (f"{marker}{marked}", "strong"),
            (fit(_size(item.reclaim, item), 9, glyphs, right=True), "strong"),
            *([(f" {fit(line, drawn - 1, glyphs)}", "graph")] if drawn else []),
            (fit(_size(item.with_older, item), 11, glyphs, right=True), "muted"),
            (f"  {item.kind.value:10}", role),
            (fit(domain, 17, glyphs) + " ", ""),
            (fit(clean(item.name.rpartition("/")[2], glyphs), left, glyphs), ""),
            (
                fit(text.when(item.created) if item.created else "", dated, glyphs, right=True),
                "muted",
            ),
        ]

    @staticmethod
    def heading(width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        left, dated, drawn = _widths(width)
        return (
            "  "
            + fit("Frees", 9, glyphs, right=True)
            + " " * drawn
            + fit("with older", 11, glyphs, right=True)
            + f"  {'Kind':10}{'Domain':18}"
            + fit("Name", left, glyphs)
            + fit("Created", dated, glyphs, right=True)
        )


def _widths(width: int) -> tuple[int, int, int]:
    """Cells of the name, of the date and of the bar; a narrow screen goes without the latter."""
    left = width - 52
    dated, drawn = 17 * (left >= 40), BAR * (width >= BAR_FROM)
    return max(left - dated - drawn, 8), dated, drawn


def _own(item: Item) -> str:
    """In the place of a domain, what only this overlay has of a disk."""
    size = "?" if isinstance(item.own, NotKnown) else text.short_size(item.own)
    return f"- own {size}"


def _size(size: int | NotKnown, item: Item) -> str:
    if isinstance(size, NotKnown):
        return "?"
    return f"({text.short_size(size)})" if item.inside else text.short_size(size)
