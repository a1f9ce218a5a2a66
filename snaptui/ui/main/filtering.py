"""The filter of the main screen: which rows the lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snaptui.ui.main.panes import Panes
    from snaptui.ui.main.updates import Updates
    from snaptui.ui.main.view import View
    from snaptui.ui.terminal.safe_input import Field


class Filtering:
    """Has a list show the rows with a text.

    Args:
        field: where the text is typed; it is on screen only then.
    """

    def __init__(self, panes: Panes, view: View, updates: Updates, field: Field) -> None:
        self._panes = panes
        self._view = view
        self._updates = updates
        self._field = field
        self._pane = "domains"

    def open(self) -> None:
        """Ask for the text of the list that has the focus."""
        self._pane = self._panes.focused_name
        self._field.value = self._panes.filters[self._pane]
        self._field.display = True
        self._field.focus()

    def typed(self, value: str) -> None:
        """Have the list follow each keystroke."""
        if self._field.display:
            self.use(self._pane, value)

    def close(self) -> None:
        """Go back to the list; its filter stays."""
        panes = self._panes
        if self._field.display:
            self._field.display = False
            (panes.domains if self._pane == "domains" else panes.right_pane).focus()

    def clear(self) -> bool:
        """Show all rows of the list at hand again; whether its filter was open or in use."""
        pane = self._pane if self._field.display else self._panes.focused_name
        filtered = self._field.display or bool(self._panes.filters[pane])
        if filtered:
            self.use(pane, "")
            self.close()
        return filtered

    def use(self, pane: str, wanted: str) -> None:
        """Show the rows of a list, ``domains`` or ``snapshots``, that have a text."""
        self._panes.filters[pane] = wanted
        if pane == "domains":
            self._updates.draw_hosts()
        else:
            self._updates.snapshots_changed()
            self._updates.entries_changed()
        self._view.draw_headings()
