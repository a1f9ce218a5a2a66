"""A domain at a snapshot's time beside another one, or beside now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from snaptui.model.domain import Domain
from snaptui.monitor.comparing import Comparing
from snaptui.operations.operation import on_host
from snaptui.session import Session
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.background import background
from snaptui.ui.closing import Closing, is_there, put
from snaptui.ui.key_line import KeyLine, keys_of_scope
from snaptui.ui.panes.comparison import NOW, ComparisonList
from snaptui.ui.panes.lines import Line

if TYPE_CHECKING:
    from snaptui.ui.context import Context

MOST = "The most that can differ: counted in whole clusters, by the images' tables."
RUNNING = "~ The domain is running: QEMU may not have written its newest tables."

FOLDERS = (
    ("/etc", "configuration"),
    ("/", "all that the system mounts"),
    ("/usr", "programs"),
    ("/var", "data and logs"),
    ("/home", "users"),
)
"""What of the files is compared."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared.

    Attributes:
        one: name of a snapshot, managed or not.
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
        """Compose title, lines, what is being read, and keys."""
        yield Static(id="header", markup=False)
        yield ComparisonList(self._glyphs)
        yield Static(id="message", markup=False)
        yield KeyLine(keys_of_scope(Scope.COMPARE, self.context.overrides))

    def on_mount(self) -> None:
        """Begin to read."""
        self.action_refresh()

    def on_unmount(self) -> None:
        """Stop reading."""
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
            read = self._comparing.state.read
            names = (asked.one, *([asked.other] if asked.other is not None else []))
            known = read.known if read is not None else ()
            lines += tuple(of_compared(names, known, asked.domain, host))
        ask_copy(self, self._title, lines, self._glyphs, self.query_one(KeyLine).answer)

    @background("files", exclusive=True)
    async def action_files(self) -> None:
        """Compare the files inside the guest, below a folder that is chosen."""
        from snaptui.ui.dialogs.choose import ChooseDialog
        from snaptui.ui.screens.file_changes import ChangesScreen
        from snaptui.ui.screens.opening import When, in_order

        asked, read = self._asked, self._comparing.state.read
        if read is None:
            return
        dialog = ChooseDialog("Compare the files below", FOLDERS, "", self._glyphs)
        if (chosen := await self.app.push_screen_wait(dialog)) is None:
            return
        one, other = (
            When(asked.session, asked.domain, side.name, side.created)
            if side is not None
            else When(asked.session, asked.domain)
            for side in (read.one, read.other)
        )
        folder = FOLDERS[chosen][0]
        screen = ChangesScreen(self.context, in_order(one, other), None, folder)
        self.app.push_screen(screen)

    def _draw(self) -> None:
        if not is_there(self):
            return
        self.query_one(ComparisonList).show(self._comparing.state)
        put(self, "header", self._title, self._glyphs)
        put(self, "message", self._message, self._glyphs)

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
