"""The file systems with images on them, and what could be deleted there, most space first."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.domain import DomainKey
from snaptui.model.image import FileSystem, ImageKey, NotKnown
from snaptui.monitor.reclaimable import Surveying
from snaptui.monitor.usage import Counting
from snaptui.operations.operation import Operation, Phase
from snaptui.storage.reclaimable import NOWHERE, Item, Survey, chosen, promised, still_there
from snaptui.ui import keymap, status_lines
from snaptui.ui.closing import Closing, is_there
from snaptui.ui.format import clean
from snaptui.ui.panes.reclaimable import ItemList, PlaceList
from snaptui.ui.panes.row_list import RowList

if TYPE_CHECKING:
    from snaptui.plan.plan import Intent
    from snaptui.plan.planner import AnyFacts
    from snaptui.ui.context import Context


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to go when the view is left."""

    key: DomainKey
    snapshot: str


class SpaceScreen(Closing[Jump | None]):
    """File systems above, what could be deleted on the selected one below.

    Attributes:
        surveying, counting: read what is shown.
        over: numbers of the operations that were over when it was read.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.FILES)
    AUTO_FOCUS = "#items"

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self._glyphs = context.glyphs
        self._said = ""
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
        keys = keymap.footer(
            keymap.Scope.FILES, context.overrides, read_only=self.session.read_only
        )
        yield Static(Text(keys, no_wrap=True), id="footer")

    def on_mount(self) -> None:
        """Begin to read."""
        counting = Counting(
            self.session.backend,
            self.session.worker,
            kept=self.session.counting.kept,
            on_change=self.counted,
        )
        self.counting = counting
        self.surveying = Surveying(
            self.session.backend, self.session.worker, counting, on_change=self.draw
        )
        self.over = self._over_now()
        self._survey()
        self.set_interval(0.5, self.tick)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.surveying.stop()

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
        self._survey(again=True)

    def action_delete(self) -> None:
        """Ask, and delete the marked items, or the selected one."""
        items = self.query_one(ItemList)
        selected = items.selected
        marked = items.marked or ({selected.key} if selected is not None else set())
        if why := self._why_not(marked):
            self._say(why)
        else:
            self._ask(marked)

    def _why_not(self, marked: Collection[tuple[str, str]]) -> str:
        """Why nothing can be deleted now; empty when it can."""
        keys = [domain.key for domain, _, _ in chosen(self.surveying.survey, marked)[1]]
        return status_lines.no_change(self.session, *keys)

    def _ask(self, marked: Collection[tuple[str, str]]) -> None:
        """Leftovers first: they alone need no room to be deleted."""
        from snaptui.plan.image.orphan import aside_name
        from snaptui.plan.plan import DeleteManyIntent, RemoveLeftover
        from snaptui.ui.dialogs.delete import DeleteItemsDialog
        from snaptui.ui.dialogs.plan_dialog import Confirmed

        files, domains = chosen(self.surveying.survey, marked)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        uri = self.session.backend.uri
        parts: list[tuple[str, Intent]] = [
            (
                path,
                RemoveLeftover(ImageKey(uri, path), aside_name(path, stamp)),
            )
            for path in files
        ]
        parts += [
            (domain.name, DeleteManyIntent(domain.key, names, extra))
            for domain, names, extra in domains
        ]
        if not parts:
            return

        def confirmed(result: Confirmed | None) -> None:
            if result is not None:
                self.session.operations.run_in_turn(result.parts)

        host = self.session.host.state.host
        where = host.hostname if host is not None else ""
        space = f"frees {self._promise(marked)}"
        dialog = DeleteItemsDialog(where, parts, space, self._read_facts, self._glyphs)
        self.app.push_screen(dialog, confirmed)

    async def _read_facts(self, intent: Intent) -> AnyFacts:
        """With what was counted here: the main screen counts the selected domain alone."""
        facts = await self.session.read_facts(intent)
        return replace(facts, counted=self.counting.state.counted)

    # -- drawing ----------------------------------------------------------------------------

    def _survey(self, *, again: bool = False) -> None:
        state = self.session.host.state
        if state.host is None:
            self._say(f"Not now: {state.link.value}.")
            return
        self.surveying.start(state.host, state.domains.values(), again=again)

    def counted(self) -> None:
        """More was counted."""
        self.surveying.counted()
        if is_there(self):
            self._draw_message()

    def tick(self) -> None:
        """Look whether operations ended meanwhile, and say how far it is."""
        if not is_there(self):
            return
        over = self._over_now()
        if over != self.over and not self.session.operations.unfinished:
            ended = [self.session.operations.all[number] for number in over - self.over]
            self.over = over
            self._said = ended_words(ended)
            self._survey()
        self._draw_message()

    def _over_now(self) -> frozenset[int]:
        operations = self.session.operations.all.values()
        return frozenset(one.number for one in operations if one.phase.over)

    def draw(self) -> None:
        """Show what was surveyed so far."""
        if is_there(self):
            places = self.query_one(PlaceList)
            if places.places != self.surveying.places:
                places.show(self.surveying.places)
                self._draw_items()
            if not self.surveying.doing:
                items = self.query_one(ItemList)
                items.marked = still_there(self.surveying.survey, items.marked)
            self._draw_message()

    def _draw_items(self) -> None:
        place = self.query_one(PlaceList).selected
        self.query_one(ItemList).show(place.items if place is not None else ())
        self._draw_details()

    def _draw_details(self) -> None:
        item, place = self.query_one(ItemList).selected, self.query_one(PlaceList).selected
        words = ""
        if item is None and place is not None and not place.in_snapshots.whole:
            words = f"snapshots hold {place.in_snapshots.words}: {place.in_snapshots.reason}"
        if item is not None:
            inside = "the host gets nothing of it: it stays in the image" if item.inside else ""
            own = own_words(item) if item.domain is None else ""
            parts = [item.name, own, item.proof, inside]
            if isinstance(item.reclaim, NotKnown):
                parts.append(f"? {item.reclaim.reason}")
            words = "   ".join(part for part in parts if part)
        self._put("item-details", words)

    def _draw_message(self) -> None:
        running = [status_lines.operation_words(o) for o in self.session.operations.unfinished]
        counts = self.counting.state
        words = self._said
        if running:
            words = "   ".join(running)
        elif self.surveying.doing:
            words = self.surveying.doing + " ..."
        elif counts.path:
            words = f"counting {counts.path} {counts.share * 100:.0f} %"
        elif not words and not self.surveying.places:
            words = _nothing(self.surveying.survey)
        self._put("message", words)

    def _put(self, name: str, words: str) -> None:
        line = Text(f" {clean(words, self._glyphs)}", no_wrap=True)
        static = self.query_one(f"#{name}", Static)
        if static.content != line:
            static.update(line)

    def _say(self, words: str) -> None:
        self._said = words
        self._draw_message()

    def _promise_words(self, marked: frozenset[tuple[str, str]]) -> str:
        if not marked:
            return "Nothing is marked."
        return f"{len(marked)} marked: deleting them frees {self._promise(marked)}."

    def _promise(self, marked: Collection[tuple[str, str]]) -> str:
        given = promised(self.surveying.survey, self.counting.state.counted, marked)
        if isinstance(given, NotKnown):
            return f"? ({given.reason})"
        places = {place.name: place for place in self.surveying.places}
        frees, takes = [], []
        for on, total in given.items():
            where = f" on {on}" if on != NOWHERE else " on what is not known"
            space = places[on].space if on in places else None
            if isinstance(space, FileSystem) and space.device:
                where = f" inside the image on {on}, nothing to the host"
            if total.whole and total.known < 0:
                takes.append(f"{text.size(-total.known)}{where}")
            else:
                frees.append(f"{total.words}{where}")
        freed = ", ".join(frees) or "nothing"
        return ", and takes ".join(filter(None, (freed, ", ".join(takes))))


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


def _nothing(survey: Survey) -> str:
    """Why no file system is shown, once all has been read."""
    reasons = [one.reason for one in survey.spaces.values() if isinstance(one, NotKnown)]
    return f"?  {reasons[0]}" if reasons else "No domain has an image in a file."
