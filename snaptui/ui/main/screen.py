"""The main screen: domains, snapshots, details, and what its keys do."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import masked
from snaptui.model.domain import DomainKey, Key
from snaptui.model.image import ImageKey, NotKnown
from snaptui.model.operation_record import Record
from snaptui.monitor.host import Link
from snaptui.ui import keymap
from snaptui.ui.background import background
from snaptui.ui.context import Context
from snaptui.ui.main.updates import Watching
from snaptui.ui.panes.details import LinesList, snapshot_lines
from snaptui.ui.panes.domains import DomainPane
from snaptui.ui.panes.images import ImagePane, freed_together
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.panes.snapshots import SnapshotPane
from snaptui.ui.terminal.safe_input import Field

FOLLOW = 0.06
"""Seconds that the cursor rests on a domain before its snapshots are asked for."""


class MainScreen(Watching):
    """Domains left, snapshots right, details below; narrow: one pane at a time."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.MAIN)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - an instance variable in Textual's typing
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 - likewise
    AUTO_FOCUS = ""

    def __init__(self, context: Context, select: str | ImageKey | None) -> None:
        super().__init__(context, select)
        self._follow_timer: Timer | None = None

    # -- composition --------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Header, panes, message line, filter, footer."""
        glyphs = self.context.glyphs
        yield Static(id="header", markup=False)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Static(id="domains-heading", classes="heading", markup=False)
                yield DomainPane(glyphs)
            with Vertical(id="right"):
                yield Static(id="snapshots-title", classes="title", markup=False)
                yield Static(id="snapshots-heading", classes="heading", markup=False)
                yield SnapshotPane(glyphs)
                yield ImagePane(glyphs)
                yield LinesList(glyphs, id="details")
        yield Static(id="message", markup=False)
        yield Field(id="filter", compact=True, placeholder="filter")
        yield Static(id="footer", markup=False)

    def on_mount(self) -> None:
        """Start the clock that ages what is shown."""
        self.query_one("#filter").display = False
        image = isinstance(self._select, ImageKey)
        self.entries.display, self.snapshots.display = image, not image
        first = self.domains if self._select is None else self.right_pane
        self._show_pane(first.id or "")
        first.focus()
        self.set_interval(1.0, self._second)
        self.host_changed()

    # -- moving -----------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """Header and footer fill the width."""
        self.draw_header()
        self.draw_footer()

    def on_descendant_focus(self) -> None:
        """The details follow the pane that has the focus."""
        if isinstance(self.focused, RowList) and self.focused.id != "details":
            self._show_pane(self.focused.id or "domains")
            self.draw_details()

    @on(RowList.Moved)
    def cursor_moved(self, event: RowList.Moved) -> None:
        """The selection is another one."""
        if event.rows is self.domains:
            self._selection_changed()
        if event.rows.id != "details":
            self.draw_details()

    @on(RowList.Scrolled)
    def list_scrolled(self, event: RowList.Scrolled) -> None:
        """What is on screen is read first; the headings follow the width."""
        self.draw_headings()
        if event.rows is self.domains:
            self.session.host.show(self.domains.visible_keys)
        elif event.rows is self.snapshots:
            self.session.snapshots.show(self.snapshots.visible_names)

    @on(RowList.Picked)
    def row_picked(self) -> None:
        """A double click is Enter."""
        self.action_enter()

    def _selection_changed(self) -> None:
        """Follow the selected domain or image once the cursor rests."""
        selected = self.domains.selected or self.domains.selected_image
        key: Key | None = selected.key if selected is not None else None
        if key != self._shown_key:
            self._shown_key = key
            self._show_right(image=isinstance(key, ImageKey))
            if self._follow_timer is not None:
                self._follow_timer.stop()
            self._follow_timer = self.set_timer(FOLLOW, self._follow)
        self.draw_title()

    def _follow(self) -> None:
        key = self._shown_key
        self.session.snapshots.select(key if isinstance(key, DomainKey) else None)
        self.session.images.select(key if isinstance(key, ImageKey) else None)

    def _show_right(self, *, image: bool) -> None:
        """Show the snapshots of an image, or of a domain."""
        focused = self.focused is self.right_pane
        self.entries.display, self.snapshots.display = image, not image
        if focused:
            self.right_pane.focus()
        self.draw_headings()

    def _show_pane(self, name: str) -> None:
        self.set_class(name == "domains", "-domains")

    # -- actions ----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Changing actions are not there when read-only."""
        changing = any(a.id == action and a.changes for a in keymap.ACTIONS)
        return not (changing and self.session.read_only)

    def action_enter(self) -> None:
        """Into the domain, or all about the snapshot."""
        if self.focused is self.domains:
            self.right_pane.focus()
        elif self.focused is self.right_pane:
            self.show_details()

    def action_back(self) -> None:
        """Out of the filter, or back to the domains."""
        pane = "domains" if self.focused is self.domains else "snapshots"
        if self.query_one("#filter").display or self._filters[pane]:
            self._filter(pane, "")
            self._close_filter()
        elif pane == "snapshots" and self.right_pane.marked_number:
            self.right_pane.unmark()
            self.say("Nothing is marked.")
        elif pane == "domains" and self.domains.marked:
            self.domains.unmark()
            self._domains_marked()
        else:
            self.domains.focus()

    def action_next_pane(self) -> None:
        """Next pane."""
        self.focus_next(RowList)

    def action_previous_pane(self) -> None:
        """Previous pane."""
        self.focus_previous(RowList)

    def action_left(self) -> None:
        """To the domains."""
        self.domains.focus()

    def action_right(self) -> None:
        """To the snapshots."""
        self.right_pane.focus()

    def action_filter(self) -> None:
        """Open the filter of the pane."""
        field = self.query_one("#filter", Input)
        self._filtered = "domains" if self.focused is self.domains else "snapshots"
        field.value = self._filters[self._filtered]
        field.display = True
        field.focus()

    @on(Input.Changed, "#filter")
    def filter_changed(self, event: Input.Changed) -> None:
        """The list follows each keystroke."""
        if event.input.display:
            self._filter(self._filtered, event.value)

    @on(Input.Submitted, "#filter")
    def filter_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self._close_filter()

    def _filter(self, pane: str, wanted: str) -> None:
        self._filters[pane] = wanted
        if pane == "domains":
            self.host_changed()
        else:
            self.snapshots_changed()
            self._entries_changed()
        self.draw_headings()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display:
            field.display = False
            (self.domains if self._filtered == "domains" else self.right_pane).focus()

    @background("operations", exclusive=True)
    async def action_operations(self) -> None:
        """All operations with their steps and outcomes."""
        earlier = await self.session.operations.past()

        def now() -> tuple[Record, ...]:
            operations = self.session.operations.all.values()
            return tuple(operation.record for operation in reversed(list(operations)))

        cancel, glyphs = self.session.operations.cancel, self.context.glyphs
        from snaptui.ui.screens.operations import OperationsPane

        self.app.push_screen(OperationsPane(now, earlier, cancel, glyphs))

    def action_file_systems(self) -> None:
        """What fills the file systems; from there, to a snapshot."""
        from snaptui.ui.screens.reclaimable import Jump, SpaceScreen

        def left(jump: Jump | None) -> None:
            if jump is not None:
                self._filter("domains", "")
                self.snapshots.go_to(jump.key, jump.snapshot)
                self.domains.go_to(jump.key)
                self.snapshots.focus()

        self.app.push_screen(SpaceScreen(self.context), left)

    def action_mark(self) -> None:
        """Mark the selected domain or snapshot, and say what can be done with all marked ones."""
        if self.focused is not self.domains:
            self.right_pane.mark()
            self._say_marked()
        elif self.domains.mark():
            self._domains_marked()
        else:
            self.say("An image cannot be marked.")

    def _domains_marked(self) -> None:
        number, create = len(self.domains.marked), keymap.key_of("create", self.context.overrides)
        takes = "" if self.session.read_only else f": {create} takes one snapshot of each"
        self.say(
            f"{text.count(number, 'domain')} marked{takes}." if number else "Nothing is marked."
        )
        self.draw_header()
        self.draw_details()

    def action_sort(self) -> None:
        """Sort the snapshots the other way."""
        by_reclaim = self.right_pane.sort()
        plain = "As a tree." if self.right_pane is self.snapshots else "The oldest first."
        self.say("By what a delete gives back, most first." if by_reclaim else plain)

    def _say_marked(self) -> None:
        image = self.session.images.shown
        number = self.right_pane.marked_number
        if not number:
            self.say("Nothing is marked.")
            return
        if image is not None:
            counted = self.session.counting.state.counted
            together = freed_together(image, self.entries.marked, counted)
        else:
            together = self.snapshots.freed
        words = f"? ({together.reason})" if isinstance(together, NotKnown) else text.size(together)
        self.say(f"{text.count(number, 'snapshot')} marked: deleting them frees {words}.")

    def action_refresh(self) -> None:
        """Read everything of what is selected again; ask its agent, and who uses which images."""
        self.session.host.retry()
        self.session.images.look_again()
        if isinstance(self._shown_key, DomainKey):
            self.session.host.look_again(self._shown_key)
            self.session.snapshots.look_again()
            domain = self.domains.selected
            if domain is not None and domain.state.active and not self.session.read_only:
                self._ask_agent(domain.key)
        if self._shown_key is not None:
            self.session.count(again=True)

    @background("agents")
    async def _ask_agent(self, key: DomainKey) -> None:
        await self.session.ask_agent(key)

    def action_sign_in(self) -> None:
        """Connect now."""
        if self.session.host.state.link in (Link.SIGN_IN, Link.REFUSED):
            self.context.sign_in()
        else:
            self.session.host.retry()

    @background("details", exclusive=True)
    async def show_details(self) -> None:
        """All about the snapshot, or the domain as it is now, with its XML."""
        from snaptui.ui.screens.text import TextScreen

        image = self.domains.selected_image
        if image is not None:
            title = image.key.name if self.entries.selected is None else self.entries.selected.words
            lines = self.image_details(image)
            self.app.push_screen(TextScreen(title, lines, self.context.glyphs))
            return
        shown, row = self.session.snapshots.shown, self.snapshots.selected
        if shown is None or row is None:
            return
        key, name, backend = shown.key, row.name, self.session.backend
        try:
            if name is None:
                xml = await self.session.read(lambda: backend.domain_xml(key), key)
            elif row.stray is None and row.overlay is None:
                xml = await self.session.read(lambda: backend.snapshot_xml(key, name), key)
            else:
                xml = ""
        except SnaptuiError as error:
            xml = f"{error.title}: {error.message}"
        known = snapshot_lines(row, shown, self.session.counting.state.counted)
        lines = (
            *known,
            ("", ""),
            *(("", masked(line)) for line in xml.rstrip("\n").split("\n")),
        )
        title = "You are here" if name is None else row.title
        self.app.push_screen(TextScreen(title, lines, self.context.glyphs))
