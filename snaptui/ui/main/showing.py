"""The keys of the main screen that open a screen about what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import Screen

from snaptui.ui import keymap

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.main.ports import Selection


class Showing:
    """Opens them, or says why not.

    Args:
        say: answers in the message line.
        push: puts a screen over the others.
    """

    def __init__(
        self,
        context: Context,
        selection: Selection,
        say: Callable[[str], None],
        push: Callable[[Screen[None]], object],
    ) -> None:
        self._context = context
        self._selection = selection
        self._say = say
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

    def compare(self) -> None:
        """Compare the selected snapshot with now, or two marked ones with each other."""
        from snaptui.ui.screens.compare import Asked, CompareScreen

        selection = self._selection
        domain, row = selection.domain, selection.row
        if domain is None:
            self._say("Only snapshots of domains can be compared.")
            return
        marked, strays = selection.marked_snapshots
        if not marked and not strays and (selection.on_domains or row is None):
            self._say(keymap.go_first(self._context.overrides))
            return
        names = self._compared(marked, strays)
        if names is not None:
            asked = Asked(self._context.session, domain, *names)
            self._push(CompareScreen(self._context, asked))

    def _compared(
        self, marked: tuple[str, ...], strays: tuple[str, ...]
    ) -> tuple[str, str | None] | None:
        """The two that are meant; says why there are none."""
        row = self._selection.row
        if strays:
            self._say("Unmanaged snapshots are marked: libvirt knows nothing to compare of them.")
        elif len(marked) == 2:
            return marked[0], marked[1]
        elif marked:
            self._say("Mark two snapshots to compare them, or none.")
        elif row is None or row.name is None:
            self._say("Select a snapshot: it is compared with now.")
        elif row.overlay is not None or row.stray is not None:
            self._say("libvirt does not know this snapshot: nothing of it can be compared.")
        else:
            return row.name, None
        return None
