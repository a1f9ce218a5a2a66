"""The file systems with images on them, and what could be deleted there, most space first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.model.image import NotKnown
from snaptui.operations.operation import Operation, Phase
from snaptui.storage.reclaimable import Item, Mark
from snaptui.ui import keymap, status_lines
from snaptui.ui.closing import Closing, is_there
from snaptui.ui.format import clean
from snaptui.ui.panes.reclaimable import ItemList, PlaceList
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.surveys import Surveys

if TYPE_CHECKING:
    from snaptui.plan.plan import Intent
    from snaptui.ui.context import Context


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to go when the view is left."""

    key: DomainKey
    snapshot: str


class SpaceScreen(Closing[Jump | None]):
    """File systems above, what could be deleted on the selected one below.

    Attributes:
        surveys: read what is shown.
        over: numbers of the operations that were over when it was read.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.FILES)
    AUTO_FOCUS = "#items"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self._operations = context.fleet.operations
        self._glyphs = context.glyphs
        self._said = ""
        self.surveys = Surveys(context.fleet, self.draw)
        self.over: frozenset[int] = frozenset()

    def compose(self) -> ComposeResult:
        """Two lists with their headings, a line of details, a line of answers, the keys."""
        yield Static("File systems", id="header", markup=False)
        yield Static(id="places-heading", classes="heading", markup=False)
        yield PlaceList(self._glyphs)
        yield Static(id="items-heading", classes="heading", markup=False)
        yield ItemList(self._glyphs)
        yield Static(id="item-details", markup=False)
        yield Static(id="message", markup=False)
        context = self.context
        read_only = all(session.read_only for session in context.fleet)
        keys = keymap.footer(keymap.Scope.FILES, context.overrides, read_only=read_only)
        yield Static(Text(keys, no_wrap=True), id="footer")

    def on_mount(self) -> None:
        """Begin to read."""
        self.over = self._over_now()
        self.surveys.start()
        self.set_interval(0.5, self.tick)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.surveys.stop()

    def on_resize(self) -> None:
        """The headings follow the width."""
        for rows in (self.query_one(PlaceList), self.query_one(ItemList)):
            heading = Text(rows.heading(rows.row_width, self._glyphs), no_wrap=True)
            self.query_one(f"#{rows.id}-heading", Static).update(heading)

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """What is below follows what is selected above."""
        if event.rows.id == "places":
            self._draw_items()
        self._draw_details()

    # -- keys -----------------------------------------------------------------------------

    def action_back(self) -> None:
        """Drop the marks, or leave."""
        items = self.query_one(ItemList)
        if items.marked:
            items.marked = frozenset()
            items.refresh()
            self._say("Nothing is marked.")
        else:
            self.dismiss(None)

    def action_mark(self) -> None:
        """Mark, and say what deleting all marked ones gives back."""
        items = self.query_one(ItemList)
        items.mark()
        self._say(self._promise_words(items.marked))

    def action_jump(self) -> None:
        """Go to the snapshot in its domain."""
        item = self.query_one(ItemList).selected
        if item is None:
            return
        if item.domain is None:
            self._say("A leftover belongs to no domain.")
            return
        self.dismiss(Jump(item.domain.key, item.name))

    def action_refresh(self) -> None:
        """Read everything again."""
        self.surveys.start(again=True)

    def action_delete(self) -> None:
        """Ask, and delete the marked items, or the selected one."""
        items = self.query_one(ItemList)
        marked = items.marked or items.selected_mark
        if why := self.surveys.why_not(marked):
            self._say(why)
        elif parts := self.surveys.parts(marked):
            self._ask(parts, f"frees {self.surveys.promise(marked)}")

    def _ask(self, parts: list[tuple[str, Intent]], space: str) -> None:
        from snaptui.ui.dialogs.delete import DeleteItemsDialog
        from snaptui.ui.dialogs.plan_dialog import Confirmed

        def confirmed(result: Confirmed | None) -> None:
            if result is not None:
                self._operations.run_in_turn(result.parts)

        fleet = self.context.fleet
        hosts = {intent.key.host for _, intent in parts}
        where = fleet.names[min(hosts)] if len(hosts) == 1 else text.count(len(hosts), "host")
        dialog = DeleteItemsDialog(where, parts, space, self.surveys.read_facts, self._glyphs)
        self.app.push_screen(dialog, confirmed)

    # -- drawing ----------------------------------------------------------------------------

    def tick(self) -> None:
        """Look whether operations ended meanwhile, and say how far it is."""
        if not is_there(self):
            return
        over = self._over_now()
        if over != self.over and not self._operations.unfinished:
            ended = [self._operations.all[number] for number in over - self.over]
            self.over = over
            self._said = ended_words(ended)
            self.surveys.start()
        self._draw_message()

    def _over_now(self) -> frozenset[int]:
        operations = self._operations.all.values()
        return frozenset(one.number for one in operations if one.phase.over)

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
            self._draw_message()

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
            inside = "the host gets nothing of it: it stays in the image" if item.inside else ""
            own = own_words(item) if item.domain is None else ""
            parts = [item.name, own, item.proof, inside]
            if isinstance(item.reclaim, NotKnown):
                parts.append(f"? {item.reclaim.reason}")
            words = "   ".join(part for part in parts if part)
        self._put("item-details", words)

    def _draw_message(self) -> None:
        running = [status_lines.operation_words(o) for o in self._operations.unfinished]
        surveys = self.surveys
        words = self._said
        if running:
            words = "   ".join(running)
        elif surveys.doing:
            words = surveys.doing + " ..."
        elif surveys.counting:
            words = surveys.counting
        elif not words and surveys.missing:
            words = f"Not read: {surveys.missing}"
        elif not words and not surveys.places:
            reasons = surveys.reasons
            words = f"?  {reasons[0]}" if reasons else "No domain has an image in a file."
        self._put("message", words)

    def _put(self, name: str, words: str) -> None:
        line = Text(f" {clean(words, self._glyphs)}", no_wrap=True)
        static = self.query_one(f"#{name}", Static)
        if static.content != line:
            static.update(line)

    def _say(self, words: str) -> None:
        self._said = words
        self._draw_message()

    def _promise_words(self, marked: frozenset[Mark]) -> str:
        if not marked:
            return "Nothing is marked."
        return f"{len(marked)} marked: deleting them frees {self.surveys.promise(marked)}."


def own_words(item: Item) -> str:
    """What a leftover holds that no other image does."""
    if isinstance(item.own, NotKnown):
        return f"what no other image has of it: ? ({item.own.reason})"
    if item.own:
        return f"holds {text.size(item.own)} that no other image has"
    return "holds nothing of its own"


def ended_words(ended: list[Operation]) -> str:
    """How operations ended, the failed ones first."""
    ordered = sorted(ended, key=lambda one: one.phase is Phase.DONE)
    return "   ".join(
        f"{one.title}: {one.phase.value}" + (f": {one.error}" if one.error else "")
        for one in ordered
    )
