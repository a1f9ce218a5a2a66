"""The file systems with images on them, and what could be deleted there, most space first."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.image import NotKnown
from snaptui.storage.reclaimable import Item
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import is_there
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.reclaimable import ItemList, PlaceList
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.survey_screen import Jump, SurveyScreen


class SpaceScreen(SurveyScreen):
    """File systems above, what could be deleted on the selected one below."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.FILES)
    AUTO_FOCUS = "#items"
    KEYS = "files"

    def compose(self) -> ComposeResult:
        """Two lists with their headings, a line of details, a line of answers, the keys."""
        yield Static("File systems", id="header", markup=False)
        yield Static(id="places-heading", classes="heading", markup=False)
        yield PlaceList(self.glyphs)
        yield Static(id="items-heading", classes="heading", markup=False)
        yield ItemList(self.glyphs)
        yield Static(id="item-details", markup=False)
        yield Static(id="message", markup=False)
        context = self.context
        read_only = all(session.read_only for session in context.fleet)
        yield KeyLine(keys_of_scope(Scope.FILES, context.overrides, read_only=read_only))

    def on_resize(self) -> None:
        """Draw the headings in the new width."""
        for rows in (self.query_one(PlaceList), self.query_one(ItemList)):
            heading = Text(rows.heading(rows.row_width, self.glyphs), no_wrap=True)
            self.query_one(f"#{rows.id}-heading", Static).update(heading)

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show what is on the selected file system."""
        if event.rows.id == "places":
            self._draw_items()
        self._draw_details()

    # -- keys -----------------------------------------------------------------------------

    def action_back(self) -> None:
        """Stop to count, drop the marks, or leave."""
        if self.stop_counting():
            return
        items = self.query_one(ItemList)
        if items.marked:
            items.marked = frozenset()
            items.refresh()
            self.say("Nothing is marked.")
        else:
            self.dismiss(None)

    def action_mark(self) -> None:
        """Mark, and say what deleting all marked ones gives back."""
        items = self.query_one(ItemList)
        items.mark()
        self.say(self.promise_words(items.marked))

    def action_jump(self) -> None:
        """Go to the snapshot in its domain."""
        item = self.query_one(ItemList).selected
        if item is None:
            return
        if item.domain is None:
            self.say("An orphaned overlay belongs to no domain.")
            return
        self.dismiss(Jump(item.domain.key, item.name))

    def action_delete(self) -> None:
        """Ask, and delete the marked items, or the selected one."""
        items = self.query_one(ItemList)
        self.delete(items.marked or items.selected_mark)

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Show what was surveyed so far."""
        if is_there(self):
            places = self.query_one(PlaceList)
            found = self.surveys.places
            if places.places != found:
                places.show(found)
                self._draw_items()
            items = self.query_one(ItemList)
            items.marked = self.surveys.still_there(items.marked)
            self.draw_message()

    def _draw_items(self) -> None:
        place = self.query_one(PlaceList).selected
        items = self.query_one(ItemList)
        items.show(place.uri if place is not None else "", place.place.items if place else ())
        self._draw_details()

    def _draw_details(self) -> None:
        item, place = self.query_one(ItemList).selected, self.query_one(PlaceList).selected
        words = ""
        if item is None and place is not None and not place.place.in_snapshots.whole:
            held = place.place.in_snapshots
            words = f"snapshots hold {held.words}: {held.reason}"
        if item is not None:
            inside = "stays inside the image; the host gains nothing" if item.inside else ""
            own = own_words(item) if item.domain is None else ""
            parts = [item.name, own, item.proof, inside]
            if isinstance(item.reclaim, NotKnown):
                parts.append(f"? {item.reclaim.reason}")
            words = "   ".join(part for part in parts if part)
        self.put("item-details", words)

    @property
    def nothing(self) -> str:
        """Why no file system is shown, once all has been read."""
        if self.surveys.places:
            return ""
        reasons = self.surveys.reasons
        return f"?  {reasons[0]}" if reasons else "No domain has an image in a file."


def own_words(item: Item) -> str:
    """What a leftover holds that no other image does."""
    if isinstance(item.own, NotKnown):
        return f"how much of it no other image has: ? ({item.own.reason})"
    if item.own:
        return f"holds {text.size(item.own)} that no other image has"
    return "holds nothing of its own"
