"""The safety snapshots of a domain, to choose the one to go back to."""

from __future__ import annotations

import time

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Static

from snaptui.common import text
from snaptui.model.domain import Domain
from snaptui.model.group_mark import described
from snaptui.model.snapshot import Snapshot
from snaptui.operations.operation import on_host
from snaptui.plan.revert.safety import brings_back
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.lines import Line, LinesList
from snaptui.ui.panes.row_list import RowList


class UndoDialog(Dialog[str]):
    """Returns the name of a safety snapshot; what is lost is asked by the next dialog.

    Args:
        points: safety snapshots, newest first; at least one.
    """

    AUTO_FOCUS = "#points"

    def __init__(self, domain: Domain, points: tuple[Snapshot, ...], glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._domain = domain
        self._points = points

    @property
    def copies(self) -> tuple[Line, ...]:
        """The selected one and its domain."""
        selected = self._points[self.query_one(LinesList).cursor]
        return (("name", selected.name), ("domain", self._domain.name))

    def body(self) -> ComposeResult:
        """The list, and what the selected one brings back."""
        yield LinesList(self.glyphs, id="points")
        yield Static(id="facts", markup=False)
        yield Static(
            f"Enter shows what you lose by going back.   {len(self._points)} in all",
            id="notice",
            markup=False,
        )

    def on_mount(self) -> None:
        """Fill the list."""
        of = on_host(self._domain.name, self.called(self._domain.key.host))
        self.set_title(f"Undo: safety snapshots of {of}")
        points = self.query_one(LinesList)
        points.show(
            tuple(
                (text.when(point.created, seconds=True), brings_back(point))
                for point in self._points
            )
        )
        self.on_row_list_moved()

    def on_row_list_moved(self) -> None:
        """Say more of the selected one."""
        point = self._points[self.query_one(LinesList).cursor]
        words = (
            f"{point.name}\n{described(point) or 'no description'}\n"
            f"Brings back {brings_back(point)} as of {text.age(point.created, time.time())}."
        )
        shown = "\n".join(clean(line, self.glyphs) for line in words.split("\n"))
        self.query_one("#facts", Static).update(Text(shown))

    def on_key(self, event: events.Key) -> None:
        """Enter on the list chooses."""
        if event.key == "enter" and isinstance(self.focused, RowList):
            event.stop()
            self.dismiss(self._points[self.query_one(LinesList).cursor].name)
