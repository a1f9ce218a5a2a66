"""What the two screens about all domains share: what they read, and how they delete of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from snaptui.model.domain import DomainKey
from snaptui.operations.operation import Operation, Phase
from snaptui.storage.reclaimable import Mark
from snaptui.ui import keymap, status_lines
from snaptui.ui.closing import Closing, is_there
from snaptui.ui.format import clean, with_short_hosts
from snaptui.ui.screens.surveys import Surveys

if TYPE_CHECKING:
    from snaptui.ui.context import Context


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to go when the view is left."""

    key: DomainKey
    snapshot: str


class SurveyScreen(Closing[Jump | None]):
    """A view of all domains of all hosts.

    Attributes:
        surveys: read what is shown.
        over: numbers of the operations that were over when it was read.
        KEYS: what the names of its actions begin with.
    """

    KEYS = ""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.glyphs = context.glyphs
        self.operations = context.fleet.operations
        self.surveys = Surveys(context.fleet, self.draw)
        self.over: frozenset[int] = frozenset()
        self._said = ""

    def on_mount(self) -> None:
        """Begin to read."""
        self.over = self._over_now()
        self.surveys.start()
        self.set_interval(0.5, self.tick)

    def on_unmount(self) -> None:
        """Stop reading."""
        self.surveys.stop()

    def action_refresh(self) -> None:
        """Read everything again, or count what this has told the price of."""
        if not self.surveys.count():
            self.surveys.start(again=True)

    def stop_counting(self) -> bool:
        """Give up the counts of other hosts; whether there were any."""
        stopped = self.surveys.stop_counting()
        if stopped:
            self.say("Counting was stopped; what was counted stays.")
        return stopped

    def delete(self, marks: Collection[Mark]) -> None:
        """Ask, and delete these, or say why not."""
        from snaptui.ui.dialogs.delete import DeleteItemsDialog
        from snaptui.ui.dialogs.plan_dialog import Confirmed

        if why := self.surveys.why_not(marks):
            self.say(why)
            return
        if not (parts := self.surveys.parts(marks)):
            self.say("There is nothing to delete here.")
            return

        def confirmed(result: Confirmed | None) -> None:
            if result is not None:
                self.operations.run_in_turn(result.parts)

        fleet, space = self.context.fleet, f"frees {self.surveys.promise(marks)}"
        what = parts[0][0] if len(parts) == 1 else f"{len(parts)} domains and files"
        dialog = DeleteItemsDialog(what, parts, space, self.surveys.read_facts, self.glyphs)
        dialog.called, dialog.seen = fleet.called, fleet.seen
        self.app.push_screen(dialog, confirmed)

    def tick(self) -> None:
        """Look whether operations ended meanwhile, and say how far it is."""
        if not is_there(self):
            return
        over = self._over_now()
        if over != self.over and not self.operations.unfinished:
            ended = [self.operations.all[number] for number in over - self.over]
            self.over = over
            self._said = ended_words(ended)
            self.surveys.start()
        self.draw_message()

    def _over_now(self) -> frozenset[int]:
        operations = self.operations.all.values()
        return frozenset(one.number for one in operations if one.phase.over)

    def draw(self) -> None:
        """Show what was read so far."""
        raise NotImplementedError

    def draw_message(self) -> None:
        """Draw what runs, what is read, or the answer to a key."""
        running = [status_lines.operation_words(o) for o in self.operations.unfinished]
        surveys = self.surveys
        words = self._said
        if running:
            words = "   ".join(running)
        elif surveys.weighed:
            words = f"{surveys.weighed}: {self.key_of('refresh')} again counts."
        elif surveys.doing:
            words = surveys.doing + " ..."
        elif surveys.counting:
            stops = f"   {self.key_of('back')} stops" if surveys.counts_far else ""
            words = f"{surveys.counting}{stops}"
        elif not words and surveys.missing:
            words = f"Not read: {surveys.missing}"
        elif not words:
            words = self.nothing
        names = self.context.fleet.names.values()
        self.put("message", with_short_hosts(words, names, self.size.width - 2, self.glyphs))

    def key_of(self, what: str) -> str:
        """The key of this screen's ``back`` or ``refresh``."""
        return keymap.key_of(f"{self.KEYS}_{what}", self.context.overrides)

    @property
    def nothing(self) -> str:
        """Why nothing is shown, once all has been read; empty when something is."""
        return ""

    def say(self, words: str) -> None:
        """Answer a key."""
        self._said = words
        self.draw_message()

    answer = say

    def put(self, name: str, words: str) -> None:
        """Have words in one of the lines."""
        lines = (f" {clean(line, self.glyphs)}" for line in words.split("\n"))
        line = Text("\n".join(lines), no_wrap=True)
        static = self.query_one(f"#{name}", Static)
        if static.content != line:
            static.update(line, layout=False)

    def promise_words(self, marks: Collection[Mark]) -> str:
        """What deleting all marked ones gives back."""
        if not marks:
            return "Nothing is marked."
        return f"{len(marks)} marked: deleting them frees {self.surveys.promise(marks)}."


def ended_words(ended: list[Operation]) -> str:
    """How operations ended, the failed ones first."""
    ordered = sorted(ended, key=lambda one: one.phase is Phase.DONE)
    return "   ".join(
        f"{one.title}: {one.phase.value}" + (f": {one.error}" if one.error else "")
        for one in ordered
    )
