"""The keys of the main screen that open a screen about what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import Screen

from snaptui.common.errors import SnaptuiError
from snaptui.ui import keymap
from snaptui.ui.main.tabs import xml_lines
from snaptui.ui.panes.details import snapshot_lines

if TYPE_CHECKING:
    from snaptui.model.operation_record import Record
    from snaptui.ui.context import Context
    from snaptui.ui.main.ports import Selection
    from snaptui.ui.main.view import View
    from snaptui.ui.panes.lines import Line


class Showing:
    """Opens them, or says why not.

    Args:
        push: puts a screen over the others.
    """

    def __init__(
        self,
        context: Context,
        selection: Selection,
        view: View,
        push: Callable[[Screen[None]], object],
    ) -> None:
        self._context = context
        self._selection = selection
        self._view = view
        self._say = view.say
        self._push = push

    async def history(self) -> None:
        """Show what happened to the selected domain."""
        from snaptui.ui.screens.history import HistoryScreen

        domain, session = self._selection.domain, self._context.session
        if domain is None:
            self._say("Select a domain: its history is shown.")
            return
        earlier = await session.operations.records.past()
        self._push(HistoryScreen(self._context, session, domain, earlier))

    def guest_files(self) -> None:
        """Open the files inside the guest at the selected snapshot, or now."""
        from snaptui.ui.main.looking import when_of
        from snaptui.ui.screens.guest_files import FilesScreen

        first = keymap.go_first(self._context.overrides)
        when = when_of(self._selection, self._context.session, first)
        if isinstance(when, str):
            self._say(when)
        else:
            self._push(FilesScreen(self._context, when))

    def compare(self) -> None:
        """Compare the selected snapshot with now, or two marked ones with each other."""
        from snaptui.ui.screens.compare import Asked, CompareScreen

        selection = self._selection
        domain, row = selection.domain, selection.row
        if domain is None:
            self._say("Only snapshots of domains can be compared.")
            return
        marked, unmanaged = selection.marked_snapshots
        if not marked and not unmanaged and (selection.on_domains or row is None):
            self._say(keymap.go_first(self._context.overrides))
            return
        names = self._compared(marked, unmanaged)
        if names is not None:
            asked = Asked(self._context.session, domain, *names)
            self._push(CompareScreen(self._context, asked))

    def _compared(
        self, marked: tuple[str, ...], unmanaged: tuple[str, ...]
    ) -> tuple[str, str | None] | None:
        """The two that are meant; says why there are none."""
        row, both = self._selection.row, (*marked, *unmanaged)
        if len(both) == 2:
            return both[0], both[1]
        if both:
            self._say("Mark two snapshots to compare them, or none.")
        elif row is None or row.name is None:
            self._say("Select a snapshot: it is compared with now.")
        elif row.overlay is not None:
            self._say("An unnamed overlay is no time of the domain: nothing can be compared.")
        else:
            return row.name, None
        return None

    async def operations(self) -> None:
        """Show all operations with their steps and outcomes."""
        from snaptui.ui.screens.operations import OperationsPane

        session = self._context.session
        earlier = await session.operations.records.past()

        def now() -> tuple[Record, ...]:
            operations = session.operations.all.values()
            return tuple(operation.record for operation in reversed(list(operations)))

        cancel, glyphs = session.operations.cancel, self._context.glyphs
        self._push(OperationsPane(now, earlier, cancel, glyphs))

    async def details(self) -> None:
        """Show all about the snapshot, or the domain as it is now, with its XML."""
        from snaptui.ui.screens.text import TextScreen

        image, entry = self._selection.image, self._selection.entry
        if image is not None:
            title = image.key.name if entry is None else entry.words
            lines = self._view.image_details(image)
            self._push(TextScreen(title, lines, self._context.glyphs))
            return
        session = self._context.session
        shown, row = session.snapshots.shown, self._selection.row
        if shown is None or row is None:
            return
        known_to_libvirt = row.unmanaged is None and row.overlay is None
        xml: tuple[Line, ...] = ()
        try:
            xml = await xml_lines(session, shown.key, row.name) if known_to_libvirt else ()
        except SnaptuiError as error:
            xml = (("", f"{error.title}: {error.message}"),)
        known = snapshot_lines(row, shown, session.counting.state.counted)
        lines = (
            *known,
            ("", ""),
            *xml,
        )
        title = "Now" if row.name is None else row.title
        self._push(TextScreen(title, lines, self._context.glyphs))
