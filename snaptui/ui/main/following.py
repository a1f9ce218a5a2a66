"""The right pane follows what is selected in the left one."""

from __future__ import annotations

from textual.timer import Timer

from snaptui.fleet import Fleet
from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey
from snaptui.ui.main.panes import Panes
from snaptui.ui.main.view import View

FOLLOW = 0.06
"""Seconds that the cursor rests on a domain before its snapshots are asked for."""


class Following:
    """Has the session read the snapshots of the selected domain or image."""

    def __init__(self, fleet: Fleet, panes: Panes, view: View) -> None:
        self._fleet = fleet
        self._panes = panes
        self._view = view
        self._timer: Timer | None = None

    def look(self) -> None:
        """Make the host of what is selected the current one."""
        host = self._panes.domains.selected_host
        if host is not None and self._fleet.look_at(host.uri):
            self._view.draw_header()
            self._view.draw_message()

    def selection_changed(self) -> None:
        """Follow the selected domain or image once the cursor rests."""
        panes = self._panes
        self.look()
        selected = panes.domain or panes.image
        key = selected.key if selected is not None else None
        if key != panes.key:
            panes.key = key
            self._show_right(image=isinstance(key, ImageKey))
            if self._timer is not None:
                self._timer.stop()
            self._timer = panes.domains.set_timer(FOLLOW, self._follow)
        self._view.draw_title()

    def _follow(self) -> None:
        key, session = self._panes.key, self._fleet.current
        session.snapshots.select(key if isinstance(key, DomainKey) else None)
        session.images.select(key if isinstance(key, ImageKey) else None)

    def _show_right(self, *, image: bool) -> None:
        panes = self._panes
        focused = panes.focused is panes.right_pane
        panes.show_right(image=image)
        if focused:
            panes.right_pane.focus()
        self._view.draw_headings()
