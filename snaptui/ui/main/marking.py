"""The marks of the main screen, and what it says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.storage.totals import total
from snaptui.ui import keymap
from snaptui.ui.panes.images import freed_together

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.main.panes import Panes
    from snaptui.ui.main.view import View

NOTHING = "Nothing is marked."


class Marking:
    """Marks domains for a create, and snapshots for a delete."""

    def __init__(self, context: Context, panes: Panes, view: View) -> None:
        self._context = context
        self._panes = panes
        self._view = view

    def mark(self) -> None:
        """Mark what is selected, and say what can be done with all marked ones."""
        domains = self._panes.domains
        if not self._panes.on_domains:
            self._panes.right_pane.mark()
            self._view.draw_footer()
            self._view.say(self._of_snapshots())
        elif domains.mark():
            self._domains_marked()
        else:
            what = "A host" if domains.on_heading else "An image"
            self._view.say(f"{what} cannot be marked.")

    def unmark(self) -> bool:
        """Take the marks of the list that has the focus away; whether there were any."""
        panes = self._panes
        if panes.on_domains:
            marked = bool(panes.marked_domains)
            if marked:
                panes.domains.unmark()
                self._domains_marked()
            return marked
        marked = panes.right_pane.marked_number > 0
        if marked:
            panes.right_pane.unmark()
            self._view.draw_footer()
            self._view.say(NOTHING)
        return marked

    def _domains_marked(self) -> None:
        number, session = len(self._panes.marked_domains), self._context.session
        create = keymap.key_of("create", self._context.overrides)
        takes = "" if session.read_only else f": {create} takes one snapshot of each"
        self._view.say(f"{text.count(number, 'domain')} marked{takes}." if number else NOTHING)
        self._view.draw_header()
        self._view.draw_details()

    def _of_snapshots(self) -> str:
        session, panes = self._context.session, self._panes
        image, number = session.images.shown, panes.right_pane.marked_number
        if not number:
            return NOTHING
        if image is not None:
            counted = session.counting.state.counted
            together = total([freed_together(image, panes.marked_entries, counted)])
        else:
            together = panes.snapshots.freed
        words = together.words
        return f"{text.count(number, 'snapshot')} marked: deleting them frees {words}."
