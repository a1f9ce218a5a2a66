"""The main screen: domains, snapshots, details, and what its keys do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey
from snaptui.session import Session
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.background import background
from snaptui.ui.context import Context
from snaptui.ui.main.filtering import Filtering
from snaptui.ui.main.following import Following
from snaptui.ui.main.marking import Marking
from snaptui.ui.main.panes import Panes
from snaptui.ui.main.prompter import MainPrompter
from snaptui.ui.main.recall import Recall
from snaptui.ui.main.showing import Showing
from snaptui.ui.main.sorting import Sorting
from snaptui.ui.main.tabs import HEIGHT, WIDTH, About, Tabs
from snaptui.ui.main.updates import Updates
from snaptui.ui.main.view import View
from snaptui.ui.panes.heading import Heading
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.panes.tabs import TabLine
from snaptui.ui.terminal.safe_input import Field

if TYPE_CHECKING:
    from snaptui.ui.dialogs.dialog import Dialog
    from snaptui.ui.main.domain_actions import DomainActions
    from snaptui.ui.main.host_actions import HostActions
    from snaptui.ui.main.ports import Actions
    from snaptui.ui.screens.survey_screen import Jump

T = TypeVar("T")


WIDTHS = [(0, "-narrow"), (100, "-wide"), (120, "-wider"), (160, "-broad"), (200, "-huge")]
"""Columns of a screen from which on the style sheet has another layout."""
HEIGHTS = [(0, "-flat"), (18, "-low"), (30, "-high")]
"""Lines likewise."""


class MainScreen(Screen[None]):
    """Domains left, snapshots right, details below; narrow: one pane at a time; huge: three.

    Args:
        select: what is selected as soon as it is there: a domain's name or UUID, or an image.

    Attributes:
        view: draws the lines around the panes, and answers.
        updates: takes over what the session says.
        recall: brings back what it was left with.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.MAIN)
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = ""

    def __init__(self, context: Context, select: str | ImageKey | None) -> None:
        super().__init__()
        self.context = context
        self._select = select
        self._panes = panes = Panes(context.glyphs)
        self._tabs = Tabs(context, panes, self._read_tab)
        self.view = view = View(context, panes, self._tabs)
        self._following = following = Following(context.fleet, panes, view)
        self.recall = Recall(context, panes, selects=select is not None)
        self.updates = Updates(context, panes, view, following, select, self.recall.wanted)
        self._prompter = MainPrompter(view, context.fleet, self._show)
        self._showing = Showing(context, panes, view, self._push)
        self._field = Field(id="filter", compact=True, placeholder="filter")
        self._filtering = Filtering(panes, view, self.updates, self._field)
        self._marking = Marking(context, panes, view)
        self._sorting = Sorting(panes, view)

    @property
    def session(self) -> Session:
        """The host of what is selected."""
        return self.context.session

    # -- composition --------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Compose header, panes, message line, filter and footer."""
        view, panes = self.view, self._panes
        yield view.header
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield view.domains_heading
                yield panes.domains
            with Container(id="right"):
                with Vertical(id="middle"):
                    yield view.title
                    yield view.snapshots_heading
                    yield panes.snapshots
                    yield panes.entries
                    yield view.time_line
                with Vertical(id="about"):
                    yield view.tab_line
                    yield panes.details
        yield view.message
        yield self._field
        yield view.footer

    def on_mount(self) -> None:
        """Start the clock that ages what is shown."""
        self._field.display = False
        self._panes.show_right(image=isinstance(self._select, ImageKey))
        first = self._panes.domains if self._select is None else self._panes.right_pane
        self._show_pane(first.id or "")
        first.focus()
        self.recall.begin()
        self.set_interval(1.0, self.updates.second)
        self.updates.host_changed()

    def on_screen_resume(self) -> None:
        """Show what failed while a dialog was open."""
        self.call_after_refresh(self.updates.show_failure)

    # -- moving -----------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """Draw header and footer over the new width."""
        self.view.draw_header()
        self.view.draw_footer()

    def on_descendant_focus(self) -> None:
        """Draw the details of the pane that has the focus now."""
        if isinstance(self.focused, RowList) and self.focused.id != "details":
            self._show_pane(self.focused.id or "domains")
            self.view.draw_details()

    @on(RowList.Moved)
    def cursor_moved(self, event: RowList.Moved) -> None:
        """Follow the new selection."""
        if event.rows is self._panes.domains:
            self._following.selection_changed()
        if event.rows.id != "details":
            self.view.draw_details()

    @on(RowList.Scrolled)
    def list_scrolled(self, event: RowList.Scrolled) -> None:
        """Read what is on screen first, and draw the headings in the new width."""
        self.view.draw_headings()
        self.view.draw_title()
        self.view.draw_time_line()
        panes = self._panes
        if event.rows is panes.domains:
            self.context.fleet.show(panes.domains.visible_hosts, panes.domains.visible_keys)
        elif event.rows is panes.snapshots:
            self.session.snapshots.show(panes.snapshots.visible_names)

    @on(RowList.Picked)
    def row_picked(self) -> None:
        """Do on a double click what Enter does."""
        self.action_enter()

    def _show_pane(self, name: str) -> None:
        self.set_class(name == "domains", "-domains")

    # -- actions that change something --------------------------------------------------------

    @property
    def _actions(self) -> Actions:
        """Those of what is selected; the first key loads them."""
        self._following.look()
        if self.session.read_only:
            from snaptui.ui.main.read_only import ReadOnlyActions

            return ReadOnlyActions(self._prompter)
        if self._panes.image is not None:
            from snaptui.ui.main.image_actions import ImageActions

            return ImageActions(self.context, self._panes, self._prompter)
        return self._domain_actions

    @property
    def _domain_actions(self) -> DomainActions:
        from snaptui.ui.main.domain_actions import DomainActions

        return DomainActions(self.context, self._panes, self._prompter)

    @property
    def _host_actions(self) -> HostActions:
        from snaptui.ui.main.host_actions import HostActions

        return HostActions(self.context, self._panes, self.view, self._ask_agent)

    def _show(self, dialog: Dialog[T], closed: Callable[[T | None], None]) -> None:
        self.app.push_screen(dialog, closed)

    def _push(self, screen: Screen[None]) -> None:
        self.app.push_screen(screen)

    def action_create(self) -> None:
        """Take a snapshot; of the domains that are marked, wherever the cursor is."""
        actions = self._domain_actions if self._panes.marked_domains else self._actions
        actions.create()

    def action_revert(self) -> None:
        """Go back to the selected snapshot."""
        self._actions.revert()

    def action_delete(self) -> None:
        """Delete the marked snapshots, or the selected one."""
        self._actions.delete()

    def action_edit(self) -> None:
        """Give the selected snapshot another name or description."""
        self._actions.edit()

    def action_hold(self) -> None:
        """Hold the selected snapshot, or release it."""
        self._actions.hold()

    def action_adopt(self) -> None:
        """Register an unmanaged snapshot, or where a moved one is."""
        self._actions.adopt()

    def action_thaw(self) -> None:
        """Thaw the guest."""
        self._actions.thaw()

    def action_undo(self) -> None:
        """Go back to a safety snapshot."""
        self._actions.undo()

    def action_extract(self) -> None:
        """Copy the selected snapshot to a file of its own."""
        self._actions.extract()

    # -- actions that show something ----------------------------------------------------------

    def action_enter(self) -> None:
        """Open the domain, or show all about the snapshot."""
        if self._panes.on_domains:
            if not self._panes.domains.fold():
                self._panes.right_pane.focus()
        elif self.focused is self._panes.right_pane:
            self.show_details()

    def action_back(self) -> None:
        """Leave the filter, drop the marks, or go back to the domains."""
        if not self._filtering.clear() and not self._marking.unmark():
            self._panes.domains.focus()

    def action_next_pane(self) -> None:
        """Focus the next pane."""
        self.focus_next(RowList)

    def action_previous_pane(self) -> None:
        """Focus the previous pane."""
        self.focus_previous(RowList)

    def action_left(self) -> None:
        """Focus the domains."""
        self._panes.domains.focus()

    def action_right(self) -> None:
        """Focus the snapshots."""
        self._panes.right_pane.focus()

    def action_filter(self) -> None:
        """Open the filter of the pane."""
        self._filtering.open()

    @on(Input.Changed, "#filter")
    def filter_changed(self, event: Input.Changed) -> None:
        """Filter the list at each keystroke."""
        self._filtering.typed(event.value)

    @on(Input.Submitted, "#filter")
    def filter_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self._filtering.close()

    @background("operations", exclusive=True)
    async def action_operations(self) -> None:
        """Show all operations with their steps and outcomes."""
        await self._showing.operations()

    def action_compare(self) -> None:
        """Compare the selected snapshot with now, or two marked ones with each other."""
        self._showing.compare()

    def action_guest_files(self) -> None:
        """Show the files inside the guest at the selected snapshot, or now."""
        self._showing.guest_files()

    @background("history", exclusive=True)
    async def action_history(self) -> None:
        """Show what happened to the selected domain."""
        await self._showing.history()

    def action_file_systems(self) -> None:
        """Show what fills the file systems; from there one goes to a snapshot."""
        from snaptui.ui.screens.reclaimable import SpaceScreen

        self.app.push_screen(SpaceScreen(self.context), self._jump)

    def action_all_snapshots(self) -> None:
        """Show all snapshots of all domains; from there one goes to one of them."""
        self._show_all(by_rule=False)

    def action_rule(self) -> None:
        """Ask for a rule over the list of all snapshots, and mark there what it lets go."""
        self._show_all(by_rule=True)

    def _show_all(self, *, by_rule: bool) -> None:
        from snaptui.ui.screens.all_snapshots import AllScreen

        order, by_order = self.recall.all_order, self.recall.all_sorted
        screen = AllScreen(self.context, order, by_order, by_rule=by_rule)
        self.app.push_screen(screen, self._jump)

    def _jump(self, jump: Jump | None) -> None:
        if jump is not None:
            self._filtering.use("domains", "")
            self._panes.snapshots.go_to(jump.key, jump.snapshot)
            self._panes.domains.go_to(jump.key)
            self._panes.snapshots.focus()

    def action_mark(self) -> None:
        """Mark the selected domain or snapshot, and say what can be done with all marked ones."""
        self._marking.mark()

    def action_sort(self) -> None:
        """Sort the snapshots the other way, or the domains by the next column."""
        self._sorting.sort()

    @on(Heading.Clicked)
    def heading_clicked(self, event: Heading.Clicked) -> None:
        """Sort by the column that was clicked."""
        self._sorting.sort_at(event.heading, event.x)

    def action_next_tab(self) -> None:
        """Show the next tab of the details."""
        self._to_tab(1)

    def action_previous_tab(self) -> None:
        """Show the previous tab of the details."""
        self._to_tab(-1)

    def _to_tab(self, by: int) -> None:
        if self._tabs.there:
            self._tabs.step(by)
            self.view.draw_details()
        else:
            enter = keymap.key_of("enter", self.context.overrides)
            room = f"{WIDTH} columns and {HEIGHT} lines"
            self.view.say(f"Tabs need {room}. {enter} shows all details of a snapshot.")

    @on(TabLine.Clicked)
    def tab_clicked(self, event: TabLine.Clicked) -> None:
        """Show the tab that was clicked."""
        self._tabs.chosen = event.tab
        self.view.draw_details()

    @background("tabs", exclusive=True)
    async def _read_tab(self, about: About) -> None:
        await self._tabs.read(about)
        self.view.draw_details()

    def action_refresh(self) -> None:
        """Read everything of what is selected again; ask its agent, and who uses which images."""
        self._host_actions.refresh()

    @background("agents")
    async def _ask_agent(self, key: DomainKey) -> None:
        await self.session.ask_agent(key)

    def action_sign_in(self) -> None:
        """Connect now."""
        self._host_actions.sign_in()

    def action_copy_one(self) -> None:
        """Copy something of what is selected."""
        from snaptui.ui.dialogs.copy import ask_copy
        from snaptui.ui.main.copying import copies

        title, lines = copies(self.session, self._panes)
        ask_copy(self, title, lines, self.context.glyphs, self.view.say)

    def action_add_host(self) -> None:
        """Look at one more host."""
        from snaptui.ui.dialogs.add_host import AddHostDialog

        context = self.context
        self.app.push_screen(AddHostDialog(context.add_hosts, context.hosts.words, context.glyphs))

    def action_drop_host(self) -> None:
        """Look at the selected host no longer."""
        self._host_actions.drop()

    @background("details", exclusive=True)
    async def show_details(self) -> None:
        """Show all about the snapshot, or the domain as it is now, with its XML."""
        await self._showing.details()
