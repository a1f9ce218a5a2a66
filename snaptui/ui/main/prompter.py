"""Answers keys in the message line, shows dialogs, and runs what they confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from snaptui.fleet import Fleet
    from snaptui.ui.dialogs.dialog import Dialog
    from snaptui.ui.dialogs.plan_dialog import Confirmed, PlanDialog
    from snaptui.ui.main.view import View

T = TypeVar("T")


class Show(Protocol):
    """Puts a dialog over the screen."""

    def __call__(self, dialog: Dialog[T], closed: Callable[[T | None], None], /) -> object:
        """``closed`` is called with what it returns."""


class MainPrompter:
    """The prompter of the main screen's actions."""

    def __init__(self, view: View, fleet: Fleet, show: Show) -> None:
        self._fleet = fleet
        self._show = show
        self.say = view.say

    def ask(self, dialog: PlanDialog) -> None:
        """Show a dialog, and run what it confirms."""

        def confirmed(result: Confirmed) -> None:
            operations = self._fleet.operations
            run = operations.run_together if result.together else operations.run_in_turn
            run(result.parts)

        dialog.seen = self._fleet.seen
        self.choose(dialog, confirmed)

    def choose(self, dialog: Dialog[T], chosen: Callable[[T], None]) -> None:
        """Show a dialog; ``chosen`` is called with what it returns, unless that is nothing."""

        def closed(result: T | None) -> None:
            if result is not None:
                chosen(result)

        dialog.called = self._fleet.called
        self._show(dialog, closed)
