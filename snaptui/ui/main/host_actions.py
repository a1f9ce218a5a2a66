"""What the keys do with a host as a whole: read it again, sign in, add one, drop one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from snaptui.common.errors import ConfigError
from snaptui.model.domain import DomainKey
from snaptui.monitor.host import Link

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.main.ports import Selection
    from snaptui.ui.main.view import View


class HostActions:
    """Those of the host of what is selected.

    Args:
        ask_agent: begins to ask the agent of a guest whether it is frozen.
    """

    def __init__(
        self,
        context: Context,
        selection: Selection,
        view: View,
        ask_agent: Callable[[DomainKey], object],
    ) -> None:
        self._context = context
        self._selection = selection
        self._view = view
        self._ask_agent = ask_agent

    def refresh(self) -> None:
        """Read all of what is selected again; ask its agent, and which process uses which image."""
        session, selection = self._context.session, self._selection
        key, domain = selection.key, selection.domain
        session.host.retry()
        session.images.look_again()
        if isinstance(key, DomainKey):
            session.host.look_again(key)
            session.snapshots.look_again()
            if domain is not None and domain.state.active and not session.read_only:
                self._ask_agent(domain.key)
        if key is not None:
            session.count(again=True)

    def sign_in(self) -> None:
        """Connect now."""
        if self._context.session.host.state.link in (Link.SIGN_IN, Link.REFUSED):
            self._context.sign_in()
        else:
            self._context.session.host.retry()

    def drop(self) -> None:
        """Look at the host no longer."""
        name = self._view.host
        try:
            self._context.fleet.drop(self._context.session)
        except ConfigError as error:
            self._view.say(error.message)
        else:
            self._view.say(f"{name} was removed from the list.")
