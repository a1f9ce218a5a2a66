"""Brings back what the main screen was left with, and keeps what it is left with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.common.masking import label
from snaptui.model.domain import DomainKey
from snaptui.ui.last_view import HostView, LastView, load, save
from snaptui.ui.panes.host_rows import Order

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.main.panes import Panes


class Recall:
    """The last view of the hosts that are looked at.

    Args:
        selects: whoever started the program named what is selected.

    Attributes:
        all_order: name of the order of the list of all snapshots; empty for the usual one.
    """

    def __init__(self, context: Context, panes: Panes, *, selects: bool) -> None:
        self._context = context
        self._panes = panes
        self._last = load(context.kept) if context.kept is not None else LastView()
        self.all_order = ""
        self._wanted = None if selects else self._domain()

    def _domain(self) -> DomainKey | None:
        """The domain that was selected, of the host that the screen was about."""
        uris = {label(session.uri): session.uri for session in self._context.fleet}
        at = self._last.host if self._last.host in uris else next(iter(uris))
        view = self._last.hosts.get(at, HostView())
        return DomainKey(uris[at], view.domain) if view.domain else None

    def begin(self) -> None:
        """Fold and sort as it was."""
        hosts, panes = self._last.hosts, self._panes
        uris = [session.uri for session in self._context.fleet]
        views = {uri: hosts.get(label(uri), HostView()) for uri in uris}
        panes.domains.folded = frozenset(uri for uri, view in views.items() if view.folded)
        here = views[self._context.session.uri]
        if here.by_frees:
            panes.snapshots.sort()
            panes.entries.sort()
        panes.domains.sort(Order.__members__.get(here.order, panes.domains.order))
        self.all_order = here.all_order

    def all_sorted(self, order: str) -> None:
        """Keep the order of the list of all snapshots."""
        self.all_order = order

    def wanted(self) -> DomainKey | None:
        """The domain to select, once, as soon as it is there and unless another one is."""
        key = self._wanted
        if key is None:
            return None
        state = self._context.fleet.session(key.host).host.state
        if self._panes.domains.cursor > 0 or (state.loaded and key not in state.domains):
            self._wanted = None
        elif key in state.domains:
            self._wanted = None
            return key
        return None

    def save(self) -> None:
        """Keep what it is left with."""
        context, panes = self._context, self._panes
        if context.kept is None:
            return
        selected, here = panes.domain, context.session
        ordered = [here, *(session for session in context.fleet if session is not here)]
        seen = {}
        for session in ordered:
            name = label(session.uri)
            domain = self._last.hosts.get(name, HostView()).domain
            if selected is not None and selected.key.host == session.uri:
                domain = selected.key.uuid
            folded = session.uri in panes.domains.folded
            by_frees, order = panes.snapshots.by_frees, panes.domains.order.name
            seen[name] = HostView(domain, by_frees, folded, order, self.all_order)
        save(context.kept, seen, label(here.uri))
