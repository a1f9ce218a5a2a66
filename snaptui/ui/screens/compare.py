"""A domain at a snapshot's time beside another one, or beside now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.model.domain import Domain
from snaptui.monitor.comparing import Comparing
from snaptui.operations.operation import on_host
from snaptui.session import Session
from snaptui.ui import keymap
from snaptui.ui.actions import Scope
from snaptui.ui.closing import Closing, is_there
from snaptui.ui.format import clean
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.comparison import NOW, ComparisonList
from snaptui.ui.panes.lines import Line

if TYPE_CHECKING:
    from snaptui.ui.context import Context

MOST = "The most that can differ: counted in whole clusters, by the images' tables."
RUNNING = "~ The domain is running: QEMU may not have written its newest tables."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared.

    Attributes:
        one: name of a snapshot.
        other: name of another one; ``None`` for the domain as it is now.
    """

    session: Session
    domain: Domain
    one: str
    other: str | None = None


class CompareScreen(Closing[None]):
    """Who lies between, how many bytes of each disk differ, and what of the definition."""

    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.COMPARE)
    AUTO_FOCUS = "#comparison"

    def __init__(self, context: Context, asked: Asked) -> None:
        super().__init__()
        self.context, self._asked = context, asked
        self._glyphs = context.glyphs
        session = asked.session
        self._comparing = Comparing(session.backend, session.worker, self._draw)

    def compose(self) -> ComposeResult:
        """Title, lines, what is being read, the keys."""
        yield Static(id="header", markup=False)
        yield ComparisonList(self._glyphs)
        yield Static(id="message", markup=False)
        yield KeyLine(keys_of_scope(Scope.COMPARE, self.context.overrides))

    def on_mount(self) -> None:
        """Begin to read."""
        self.action_refresh()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._comparing.stop()

    def action_refresh(self) -> None:
        """Read everything again."""
        asked, host = self._asked, self._asked.session.host.state.host
        if host is not None:
            self._comparing.start(host, asked.domain, asked.one, asked.other)
        self._draw()

    def action_copy_one(self) -> None:
        """Copy the line under the cursor, a name, or the virsh line that shows the XML of one."""
        from snaptui.ui.dialogs.copy import ask_copy, of_compared

        asked, host = self._asked, self._asked.session.host.state.host
        lines: tuple[Line, ...] = ()
        if (line := self.query_one(ComparisonList).selected) is not None:
            lines = (("line", f"{line.label}  {line.words}".strip()),)
        if host is not None:
            names = (asked.one, *([asked.other] if asked.other is not None else []))
            lines += tuple(of_compared(names, asked.domain, host))
        ask_copy(self, self._title, lines, self._glyphs, self.query_one(KeyLine).answer)

    def _draw(self) -> None:
        if not is_there(self):
            return
        self.query_one(ComparisonList).show(self._comparing.state)
        self._put("header", self._title)
        self._put("message", self._message)

    @property
    def _title(self) -> str:
        asked, read = self._asked, self._comparing.state.read
        one, other = asked.one, asked.other
        if read is not None:
            one, other = read.one.name, read.other.name if read.other is not None else None
        domain = on_host(asked.domain.name, self.context.fleet.called(asked.session.uri))
        return f"{domain}: {one} compared with {other if other is not None else NOW}"

    @property
    def _message(self) -> str:
        state = self._comparing.state
        if self._asked.session.host.state.host is None:
            return "There is no connection to the host."
        if state.failed:
            return state.failed
        if state.read is None:
            return "Reading the domain and its snapshots ..."
        if state.target:
            return f"Reading the tables of {state.target} ... {int(state.share * 100)} %"
        return RUNNING if state.read.running else MOST

    def _put(self, name: str, words: str) -> None:
        line = Text(f" {clean(words, self._glyphs)}", no_wrap=True, overflow="ellipsis")
        static = self.query_one(f"#{name}", Static)
        if static.content != line:
            static.update(line)
