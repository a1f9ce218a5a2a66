"""The order of the lists of the main screen, and what it says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snaptui.ui.main.panes import Panes
    from snaptui.ui.main.view import View
    from snaptui.ui.panes.heading import Heading


class Sorting:
    """Sorts the domains, and the snapshots on the right."""

    def __init__(self, panes: Panes, view: View) -> None:
        self._panes = panes
        self._view = view

    def sort(self) -> None:
        """Sort the snapshots the other way, or the domains by the next column."""
        if self._panes.on_domains:
            self._panes.domains.sort()
        else:
            self._panes.right_pane.sort()
        self._say(domains=self._panes.on_domains)

    def sort_at(self, heading: Heading, x: int) -> None:
        """Sort by the column whose title was clicked."""
        domains = heading is self._view.domains_heading
        if (self._panes.domains if domains else self._panes.right_pane).sort_at(x):
            self._say(domains=domains)

    def _say(self, *, domains: bool) -> None:
        panes = self._panes
        self._view.draw_headings()
        if domains:
            self._view.say(f"Domains sorted by: {panes.domains.order.value}.")
        elif panes.right_pane.by_frees:
            self._view.say("Sorted by space freed.")
        else:
            tree = panes.right_pane is panes.snapshots
            self._view.say("Shown as a tree." if tree else "Sorted by age, oldest first.")
