"""What all dialogs share: a box, Cancel with the focus, and no key before it can be read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Static

from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.closing import Closing
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.lines import Line
from snaptui.ui.terminal import clipboard
from snaptui.ui.terminal.key_queue import KeysInOrder

READ = 0.5
"""Seconds that a dialog has been on screen before a key can confirm it."""

Result = TypeVar("Result")


class Box(VerticalGroup):
    """The box of a dialog. It grows downwards: what a second click meets is what the first met."""

    _top: int | None = None

    def stay(self) -> None:
        """Keep the top edge where it is now, as long as the screen is as it is."""
        if self._top is None:
            self._top = self.region.y
            self._place()

    def move(self) -> None:
        """Be in the middle again, and stay there."""
        if self._top is not None:
            self._top = None
            self.screen.styles.align_vertical = "middle"
            self.styles.margin = 0
            self.call_after_refresh(self.stay)

    def on_resize(self) -> None:
        """Higher by what grew below, if that is beyond the screen."""
        self._place()

    def _place(self) -> None:
        if self._top is not None:
            self.screen.styles.align_vertical = "top"
            all_of_it = self.virtual_size.height + self.gutter.height
            top = min(self._top, max(0, self.screen.size.height - all_of_it))
            self.styles.margin = (top, 0, 0, 0)


class Dialog(Closing[Result | None], Generic[Result]):
    """A box in the middle; it returns a value, ``None`` when it was left without one.

    Attributes:
        called: gives the host of a URI as people call it; nothing where there is only one.
    """

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.DIALOG)
    AUTO_FOCUS = "#cancel"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.called: Callable[[str], str] = lambda _uri: ""
        self._painted_at: float | None = None

    def compose(self) -> ComposeResult:
        """The box, its body and its buttons."""
        with Box(id="box"):
            yield Static(id="title", markup=False)
            yield from self.body()
            with VerticalGroup(id="foot"):
                yield from self.foot()
                with Horizontal(id="buttons"):
                    yield from self.buttons()

    def body(self) -> ComposeResult:
        """What stands above the buttons."""
        raise NotImplementedError

    def foot(self) -> ComposeResult:
        """What stays above the buttons where all else scrolls."""
        yield from ()

    def buttons(self) -> ComposeResult:
        """The buttons; the one that leaves is called ``cancel``."""
        yield Button(Text("Cancel"), id="cancel", compact=True)

    def set_title(self, title: str) -> None:
        """Write the title, literally."""
        self.query_one("#title", Static).update(Text(clean(title, self.glyphs), no_wrap=True))

    def appeared(self) -> None:
        """Start the time to read: what is asked stands on the screen from now on."""
        self._painted_at = None
        self.call_after_refresh(self._painted)

    def readable(self, event: Message) -> bool:
        """Whether there was time to read what is asked before ``event`` was sent."""
        return self._painted_at is not None and event.time >= self._painted_at + READ

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it; the keys of the next moment were meant for it."""
        if self.is_current and isinstance(self.app, KeysInOrder):
            self.app.dialog_closed()
        return super().dismiss(result)

    def _painted(self) -> None:
        self._painted_at = time.monotonic()
        self.query_one(Box).stay()

    def on_resize(self) -> None:
        """The screen has another size."""
        self.query_one(Box).move()

    def action_scroll_rest(self, way: int) -> None:
        """Scroll what is longer than its place, wherever the focus is."""
        for rest in self.query("#rest"):
            move = rest.scroll_page_down if way > 0 else rest.scroll_page_up
            move(animate=False)

    @property
    def copies(self) -> tuple[Line, ...]:
        """What may be copied: what each is, and the text on one line."""
        return ()

    def action_copy_one(self) -> None:
        """Copy something of the dialog; nothing else comes of it."""
        from snaptui.ui.dialogs.copy import CopyDialog

        def chosen(value: str | None) -> None:
            if value is not None:
                clipboard.give(self.app, value)

        if lines := self.copies:
            title = str(self.query_one("#title", Static).content)
            self.app.push_screen(CopyDialog(title, lines, self.glyphs), chosen)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)


class Choice(Widget, can_focus=True):
    """One of a few words, on one line; space or the arrows change it."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.CHOICE)

    index: reactive[int] = reactive(0, init=False)

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            """Where."""
            return self.choice

    def __init__(self, label: str, options: Sequence[str], *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._label = label
        self._options = tuple(options)

    def render(self) -> Text:
        """Label and words, the chosen one in brackets; those around it where not all have room."""
        words, shown = self._words, self._shown
        before, after = self._others(shown)
        named = " ".join(words[at] for at in shown)
        return Text(f"{self._label} {before}{named}{after}", no_wrap=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All words, whatever is shown of them now."""
        return cell_len(self._label) + 1 + self._width(range(len(self._options)))

    @property
    def _shown(self) -> range:
        """The words that there is room for, by number; the chosen one is always one of them."""
        room = self.size.width - cell_len(self._label) - 1
        number, shown = len(self._options), range(self.index, self.index + 1)
        for first in range(self.index, -1, -1):
            if self._width(range(first, self.index + 1)) <= room:
                shown = range(first, self.index + 1)
        for last in range(self.index + 1, number + 1):
            if self._width(range(shown.start, last)) <= room:
                shown = range(shown.start, last)
        return shown

    def _width(self, shown: range) -> int:
        words = self._words
        between = len(shown) - 1 + sum(map(len, self._others(shown)))
        return between + sum(cell_len(words[at]) for at in shown)

    def _others(self, shown: range) -> tuple[str, str]:
        """What stands for the words before and after those that are shown."""
        return "< " * (shown.start > 0), " >" * (shown.stop < len(self._options))

    @property
    def _words(self) -> list[str]:
        return [f"[{w}]" if i == self.index else f" {w} " for i, w in enumerate(self._options)]

    def offer(self, options: Sequence[str]) -> None:
        """Say the same words otherwise."""
        self._options = tuple(options)
        self.refresh(layout=True)

    def changes_at(self, key: str) -> bool:
        """Whether a key chooses another word."""
        return key in self._bindings.key_to_bindings

    def watch_index(self) -> None:
        """Tell the dialog."""
        self.post_message(self.Changed(self))

    def action_step(self, by: int) -> None:
        """Choose the next or the previous word."""
        self.index = (self.index + by) % len(self._options)

    def on_click(self, event: events.Click) -> None:
        """Choose the word that is clicked; what is beside the words chooses nothing."""
        words, shown = self._words, self._shown
        begin = cell_len(self._label) + 1 + len(self._others(shown)[0])
        for index in shown:
            end = begin + cell_len(words[index])
            if begin <= event.x < end:
                self.index = index
            begin = end + 1
