"""All snapshots of all domains of all hosts in one list: found, sorted, marked, deleted, held."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from snaptui.common import text
from snaptui.model.hold_mark import hold_of
from snaptui.model.image import NotKnown
from snaptui.monitor.reclaimable import PAUSE
from snaptui.storage.reclaimable import Mark
from snaptui.storage.snapshot_list import Flag, ListedSnapshot, Order, Query, ordered
from snaptui.ui import keymap, status_lines
from snaptui.ui.action import Scope
from snaptui.ui.closing import is_there
from snaptui.ui.format import clean
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.all_snapshots import AllList, together
from snaptui.ui.panes.heading import Heading
from snaptui.ui.panes.lines import Line
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.survey_screen import Jump, SurveyScreen
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.ui.context import Context

SETTLE = 0.3
"""Seconds between two orderings of the list while it fills; of a long list more."""
FILTERS = (
    '>30d <2h age (s min h d w y)  >1G <5M frees (K M G T)  !x not x  "x y" text',
    " ".join(flag.value for flag in Flag),
)
"""What may be typed into the filter beside text."""
AGES = 10.0
"""Seconds after which the ages are told anew."""


class AllScreen(SurveyScreen):
    """One list; what is looked for stands in its title, with what deleting all of it frees.

    Args:
        order: the name of the one to begin with; by age where there is none of it.
        by_order: called with the name of each one that is chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.SNAPSHOTS)
    AUTO_FOCUS = "#all"
    KEYS = "all"

    def compose(self) -> ComposeResult:
        """Compose title, headings, list, two lines of details, answers, filter and keys."""
        yield Static("All snapshots", id="header", markup=False)
        yield Heading(id="all-heading", classes="heading", markup=False)
        yield AllList(self.glyphs)
        yield Static(id="all-details", markup=False)
        yield Static(id="message", markup=False)
        yield Field(id="filter", compact=True, placeholder="text  >30d  >1G  held  !safety ...")
        context = self.context
        read_only = all(session.read_only for session in context.fleet)
        yield KeyLine(keys_of_scope(Scope.SNAPSHOTS, context.overrides, read_only=read_only))

    def on_mount(self) -> None:
        """The filter is there when it is asked for; Textual calls the mount of the base too."""
        self.query_one("#filter").display = False
        if self._by_rule:
            self.call_after_refresh(self.action_rule)

    def on_resize(self) -> None:
        """Draw the headings in the new width."""
        self._draw_title()

    def on_row_list_moved(self, _event: RowList.Moved) -> None:
        """Draw the details of the row under the cursor."""
        self._draw_details()

    @property
    def _list(self) -> AllList:
        return self.query_one(AllList)

    def __init__(
        self, context: Context, order: str, by_order: Callable[[str], None], *, by_rule: bool
    ) -> None:
        super().__init__(context)
        self._by_rule = by_rule
        self._by, self._looked_for = Order.__members__.get(order, Order.AGE), Query()
        self._by_order = by_order
        self._drawn, self._took, self._late = 0.0, 0.0, False
        self._read_at = time.time()
        self._words, self._number, self._frees = "nothing has been read yet", 0, ""
        self._versions: dict[Mark, tuple[int | None, str]] = {}

    # -- keys -----------------------------------------------------------------------------

    def action_back(self) -> None:
        """Leave the filter, stop to count, drop the marks, or close."""
        if self.query_one("#filter").display or self._looked_for.words:
            self.query_one("#filter", Input).value = ""
            self._close_filter()
        elif self.stop_counting():
            return
        elif self._list.marked:
            self._list.unmark()
            self._marked()
        else:
            self.dismiss(None)

    def action_filter(self) -> None:
        """Open the filter."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()
        self._draw_details()

    @on(Input.Changed, "#filter")
    def filter_changed(self, event: Input.Changed) -> None:
        """Filter the list at each keystroke."""
        self._looked_for = Query.of(event.value)
        self._draw_rows()
        self.say("")

    @on(Input.Submitted, "#filter")
    def filter_submitted(self) -> None:
        """Keep it, and go back to the list."""
        self._close_filter()

    def _close_filter(self) -> None:
        self.query_one("#filter").display = False
        self._list.focus()
        self._draw_details()

    def action_sort(self) -> None:
        """Sort by the next column."""
        orders = [one for one, _ in self._list.columns(self._list.row_width) if one is not None]
        at = orders.index(self._by) if self._by in orders else -1
        self._sort(orders[(at + 1) % len(orders)])

    @on(Heading.Clicked)
    def heading_clicked(self, event: Heading.Clicked) -> None:
        """Sort by the column that was clicked."""
        if (by := self._list.column_at(event.x)) is not None:
            self._sort(by)

    def _sort(self, by: Order) -> None:
        self._by = by
        self._by_order(by.name)
        self._draw_rows()

    def action_mark(self) -> None:
        """Mark, and say what deleting all marked ones gives back."""
        self._list.mark()
        self._marked()

    def action_range(self) -> None:
        """Mark all from the last mark to here."""
        self._list.mark_range()
        self._marked()

    def action_every(self) -> None:
        """Mark all that are shown, or take their marks away."""
        self._list.mark_shown()
        self._marked()

    def _marked(self) -> None:
        known = self._list.versions
        marked = self._list.marked
        self._versions = {
            mark: self._versions.get(mark) or known[mark]
            for mark in marked
            if mark in self._versions or mark in known
        }
        self._draw_title()
        self.say(self.promise_words(self._list.marked))

    def action_rule(self) -> None:
        """Ask for a rule, and mark what it lets go."""
        from snaptui.ui.dialogs.keep import KeepDialog

        def decided(going: tuple[ListedSnapshot, ...] | None) -> None:
            if going is not None:
                self._list.marked = frozenset(row.mark for row in going)
                self._versions = {row.mark: row.version for row in going}
                self._list.refresh()
                self._draw_rows()
                self._marked()

        shown = self._list.shown if self._looked_for.words else None
        marked = len(self._list.marked)
        self.app.push_screen(KeepDialog(self.surveys, shown, marked, self.glyphs), decided)

    def action_delete(self) -> None:
        """Ask, and delete the marked ones, or the selected one."""
        before, row = self._list.marked, self._list.selected
        self._draw_rows()  # what was made anew under the same name is marked no more
        if self._list.marked != before:
            self.say("Some marked snapshots have changed. Check the marks and press the key again.")
            return
        self.delete(self._list.marked or ({row.mark} if row is not None else frozenset()))

    def action_hold(self) -> None:
        """Ask, and hold the selected snapshot, or release it."""
        from snaptui.ui.dialogs.edit import HoldDialog
        from snaptui.ui.dialogs.plan_dialog import Confirmed

        row, fleet = self._list.selected, self.context.fleet
        if all(session.read_only for session in fleet):
            self.say(status_lines.READ_ONLY)
            return
        if row is None or row.snapshot is None:
            self.say("Only snapshots that libvirt knows and that can be read can be held.")
            return
        key = row.domain.key
        if why := status_lines.no_change(fleet.session(key.host), key):
            self.say(why)
            return

        def confirmed(result: Confirmed | None) -> None:
            if result is not None:
                self.operations.run_in_turn(result.parts)

        dialog = HoldDialog(row.domain, row.snapshot, self.surveys.read_facts, self.glyphs)
        dialog.called, dialog.seen = fleet.called, fleet.seen
        self.app.push_screen(dialog, confirmed)

    def action_copy_one(self) -> None:
        """Copy something of the selected snapshot."""
        from snaptui.ui.dialogs.copy import ask_copy, of_snapshot

        title, lines = "", tuple[Line, ...]()
        if (row := self._list.selected) is not None:
            host = self.context.fleet.session(row.domain.key.host).host.state.host
            if host is not None:
                title = row.name
                lines = tuple(of_snapshot(row.name, row.snapshot, row.domain, host))
        ask_copy(self, title, lines, self.glyphs, self.say)

    def action_compare(self) -> None:
        """Compare the selected snapshot with now, or two marked ones with each other."""
        from snaptui.ui.screens.compare import Asked, CompareScreen

        marked = [row for row in self.surveys.snapshots() if row.mark in self._list.marked]
        row = self._list.selected
        if len(marked) not in (0, 2) or len({one.domain.key for one in marked}) > 1:
            self.say("Mark two snapshots of one domain to compare them, or none.")
            return
        chosen = marked or ([row] if row is not None else [])
        if not chosen or any(one.unread for one in chosen):
            self.say("A snapshot that cannot be read cannot be compared.")
            return
        one, *rest = chosen
        session = self.context.fleet.session(one.domain.key.host)
        asked = Asked(session, one.domain, one.name, rest[0].name if rest else None)
        self.app.push_screen(CompareScreen(self.context, asked))

    def action_jump(self) -> None:
        """Go to the snapshot in its domain."""
        if (row := self._list.selected) is not None:
            self.dismiss(Jump(row.domain.key, row.name))

    # -- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Show what was read so far; while it fills, not at each step."""
        if not is_there(self):
            return
        if self._settled:
            self._draw_rows()
        else:
            self._late = True
        self.draw_message()

    @property
    def _settled(self) -> bool:
        """Whether the list can be ordered anew: what takes long keeps those that read waiting."""
        fills = self.surveys.doing or self.surveys.counting
        pause = max(SETTLE, PAUSE * self._took) if fills else SETTLE
        return time.monotonic() - self._drawn >= pause

    def tick(self) -> None:
        """Show what was held back while the list filled."""
        aged = time.monotonic() - self._drawn >= AGES
        if is_there(self) and ((self._late and self._settled) or aged):
            self._draw_rows()
        if self.surveys.doing:
            self._read_at = time.time()
        super().tick()

    def _draw_rows(self) -> None:
        began, self._late = time.monotonic(), False
        now, every = time.time(), self.surveys.snapshots()
        rows = [row for row in every if self._looked_for.fits(row, now)]
        self._keep_marks(every)
        self._list.show(ordered(rows, self._by), hosts=len(self.context.fleet) > 1)
        self._words, self._number = together(rows), len(every)
        self._frees = self.surveys.total(self._list.shown).sum
        self._draw_title()
        self._draw_details()
        self._drawn = time.monotonic()
        self._took = self._drawn - began

    def _keep_marks(self, every: list[ListedSnapshot]) -> None:
        """Marks are of what was marked, and not of another one that has its name now."""
        if not self._list.marked:
            return
        marks = self.surveys.still_there(self._list.marked)
        now = {row.mark: row.version for row in every if row.mark in marks}
        other = {mark for mark, version in now.items() if self._versions.get(mark) != version}
        self._list.marked = marks - other
        if other:
            number = text.count(len(other), "mark")
            self.say(f"{number} dropped: changed since, or made anew under the same name.")

    def _draw_title(self) -> None:
        words, typed = "All snapshots", " ".join(self._looked_for.words)
        words += f" /{typed}: " if typed else ": "
        words += self._of_marked() if self._list.marked else self._of_shown(typed)
        if missing := self.surveys.missing:
            words += f"; not read: {missing}"
        header = self.query_one("#header", Static)
        title = Text(f" {clean(words, self.glyphs)}", no_wrap=True, overflow="ellipsis")
        header.update(title, layout=False)
        heading = self._list.heading(self._list.row_width, self.glyphs, self._by)
        self.query_one("#all-heading", Static).update(Text(heading, no_wrap=True), layout=False)

    def _of_marked(self) -> str:
        marked = self._list.marked
        number, hidden = len(marked), len(marked - self._list.shown)
        words = f"{number} of {self._number} marked" + f" ({hidden} not shown)" * bool(hidden)
        return f"{words}; deleting {number} marked frees {self.surveys.total(marked).sum}"

    def _of_shown(self, typed: str) -> str:
        words, number = self._words, self._list.count
        if typed:
            words += f", {self._number} in all"
        these = f"all {number}{' shown' if typed else ''}" if number > 1 else "this one"
        return words + f"; deleting {these} frees {self._frees}" * bool(number)

    def _draw_details(self) -> None:
        """The row under the cursor; while a filter is typed, what it may be."""
        row = self._list.selected
        typing = self.query_one("#filter").display
        lines = FILTERS if typing else () if row is None else _details(row)
        self.put("all-details", "\n".join(lines))

    @property
    def nothing(self) -> str:
        """Why the list is empty, or as of when it is."""
        if self._list.count:
            again = keymap.key_of("all_refresh", self.context.overrides)
            at = text.when(int(self._read_at), seconds=True)[11:]
            return f"As of {at} UTC: {again} refreshes."
        if unclear := self._looked_for.unclear:
            return f'{unclear[0]} is no filter. As text it is "{unclear[0]}", in quotes.'
        if self._looked_for.words:
            back = keymap.key_of("all_back", self.context.overrides)
            return f"No match: {back} clears the filter."
        return "No domain has a snapshot."


def _details(row: ListedSnapshot) -> tuple[str, str]:
    """The whole name, when it was made, who holds it, and why a figure is not known."""
    made = text.when(row.created, zone=True) if row.created is not None else "? when"
    hold = hold_of(row.snapshot) if row.snapshot is not None else None
    flags = ", ".join(sorted(flag.value for flag in row.flags))
    first = [row.host, row.domain.name, row.name, made, flags]
    if hold is not None:
        first.append(f"held by {hold.who}")
    sizes = (("Written", row.written), ("Frees", row.reclaim))
    unknown = [f"{what} ? {size.reason}" for what, size in sizes if isinstance(size, NotKnown)]
    return "   ".join(filter(None, first)), row.description.replace("\n", "  ") or "; ".join(
        unknown
    )
