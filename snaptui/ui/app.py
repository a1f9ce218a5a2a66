"""The Textual application: it owns the watches and the operations of one host."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.text import Text
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from snaptui import log, text
from snaptui.backend.protocol import Backend
from snaptui.chains import NO_LAYERS
from snaptui.config import MONO, SNAPSHOT_NAME, THEMES
from snaptui.counting import Counting
from snaptui.entries import Images
from snaptui.errors import Disconnected, SnaptuiError
from snaptui.filling import Filling
from snaptui.host import HostWatch
from snaptui.image_model import ImageKey
from snaptui.image_watch import WAITING, ImageWatch
from snaptui.journal import state_directory
from snaptui.journal_record import StepKind
from snaptui.masking import fault, masked
from snaptui.model import Agent, AgentState, Domain, DomainKey, Host
from snaptui.operation import ASK_AGAIN, Operation, Phase
from snaptui.operations import Operations
from snaptui.snapshots import SnapshotWatch
from snaptui.ui import header, keymap, themes
from snaptui.ui.background import background
from snaptui.ui.ending import BY_SIGNAL, Ending
from snaptui.ui.format import ASCII, UNICODE
from snaptui.ui.keys_in_order import KeysInOrder
from snaptui.ui.leaving import is_there
from snaptui.ui.main_screen import MainScreen
from snaptui.worker import Worker, start

if TYPE_CHECKING:
    from snaptui.groups import Members
    from snaptui.plan.plan import Intent
    from snaptui.preflight import AnyFacts
    from snaptui.recovery import CutShort, Finding

T = TypeVar("T")


class SnaptuiApp(KeysInOrder):
    """The browser.

    Args:
        backend: not watched by anybody else.
        host: what it answered, when it was connected before the screen was taken.
        listed: its domains, if they were listed then: they are there at the first paint.
        select: name or UUID of the domain to select at first.
        images: paths of images to show, without symbolic links; without a domain to select the
            first of them is.
        demo: the host is that of ``--demo``; the header says so.
        overrides: keys by action, checked.
        theme: one of :data:`snaptui.config.THEMES`.
        snapshot_name: template for the names that a create suggests.
    """

    CSS_PATH = "snaptui.tcss"
    TITLE = "snaptui"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(keymap.Scope.APP)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        backend: Backend,
        *,
        host: Host,
        listed: tuple[Domain, ...] | None = None,
        select: str | None = None,
        images: tuple[str, ...] = (),
        demo: bool = False,
        ascii_only: bool = False,
        overrides: Mapping[str, tuple[str, ...]] | None = None,
        theme: str = THEMES[0],
        snapshot_name: str = SNAPSHOT_NAME,
    ) -> None:
        themes.prepare(theme)
        # without colours Textual takes those of its theme of this moment for greys, or for none
        super().__init__(ansi_color=True if theme == MONO else None, overrides=overrides)
        if theme != THEMES[0]:  # setting it makes Textual read the style sheet once more
            themes.use(self, theme)
        self.animation_level = "none"
        self.set_class(ascii_only, "-ascii")
        self.backend = backend
        self.glyphs = ASCII if ascii_only else UNICODE
        self.read_only = host.read_only
        self.demo = demo
        self._snapshot_name = snapshot_name
        self._select: str | ImageKey | None = select
        if images and select is None:
            self._select = ImageKey(host.uri, images[0])
        self.worker = Worker()
        self.host = HostWatch(
            backend,
            self.worker,
            on_change=self._host_changed,
            on_hint=self._hinted,
            on_again=self._host_again,
        )
        self.snapshots = SnapshotWatch(
            backend,
            self.worker,
            on_change=self._snapshots_changed,
            making=lambda key: self.operations.making(key),
        )
        self.counting = Counting(backend, self.worker, on_change=self._counted)
        self.filling = Filling(
            backend, self.worker, lambda: self.host.state.domains, on_change=self._host_changed
        )
        self.images = ImageWatch(backend, self.worker, host, images, on_change=self._images_changed)
        self.operations = Operations(
            backend, self.worker, state=state_directory(), on_change=self._operation_changed
        )
        self._main: MainScreen | None = None
        self._filling: asyncio.Task[None] | None = None
        self._faults: set[tuple[object, ...]] = set()
        self.host.opened(host, listed)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Text styles that a theme may replace."""
        return themes.STYLES

    def get_default_screen(self) -> MainScreen:
        """The main screen is the first one."""
        self._main = MainScreen(self._select)
        return self._main

    def suggested_name(self, of: str, taken: Collection[str]) -> str:
        """A free name for a snapshot of a domain or an image."""
        from snaptui.new_snapshot import suggested_name

        return suggested_name(self._snapshot_name, time.time(), of, taken)

    def on_mount(self) -> None:
        """Start to watch the host."""
        if self.overrides:
            self.set_keymap({name: ",".join(keys) for name, keys in self.overrides.items()})
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        self._ending = Ending(lambda number: loop.call_soon_threadsafe(self._end_by, number))
        self._watching = start(self.host.run())
        self._told = start(self._tell_cut_short())
        self.call_after_refresh(self._look_further)

    def _look_further(self) -> None:
        """What the first screen does without."""
        self._filling = start(self.filling.run())
        self.images.start()

    @property
    def faulty(self) -> bool:
        """Whether a fault of our own has happened."""
        return bool(self._faults)

    def on_unmount(self) -> None:
        """Stop to watch; calls under way are left behind."""
        self._watching.cancel()
        if self._filling is not None:
            self._filling.cancel()
        self._told.cancel()
        self.operations.close()
        self.snapshots.stop()
        self.images.stop()
        self.counting.stop()
        self.backend.abandon()
        self._ending.stop()

    def _end_by(self, number: int) -> None:
        self.exit(return_code=BY_SIGNAL + number)

    async def _tell_cut_short(self) -> None:
        """Look what became of operations that an earlier snaptui did not end, and say it."""
        host = self.host.state.host
        if host is None or host.read_only:
            return
        problem = await self.operations.open_journal()
        if problem and self._main is not None:
            self._main.say(f"The journal cannot be written: {problem}. Only deletes are possible.")
        cut_short = await self.operations.cut_short(host)
        await asyncio.gather(*map(self._tell_what_became, cut_short))

    async def _tell_what_became(self, cuts: tuple[CutShort, ...]) -> None:
        """Of what was confirmed together; one that stays busy keeps no other waiting."""
        findings = {cut.record.number: await self._what_became(cut) for cut in cuts}
        self._tell_findings(cuts[0], findings)

    async def _what_became(self, cut: CutShort) -> Finding:
        """Ask the host until it says what became of an operation."""
        while True:
            with contextlib.suppress(SnaptuiError):
                if (found := await self.operations.resolve(cut)) is not None:
                    return found
            await asyncio.sleep(ASK_AGAIN)

    def _tell_findings(self, cut: CutShort, findings: Mapping[int, Finding]) -> None:
        """Open one dialog for what was confirmed together, however much of it was cut short."""
        record = cut.record
        when = f"cut short {text.when(int(record.started))}"
        key = keymap.key_of("operations", self.overrides)
        hint = f"The host was asked just now. The operations ({key}) keep this."
        if record.batch is None:
            words = findings[record.number].words
            self.show_error(f"{record.title}: {when}", words, hint)
            return
        from snaptui.batches import of_cut_short

        summary = of_cut_short(record.batch, cut.together, findings)
        self.show_error(f"{summary.title}: {when}", summary.words, hint)

    async def read_facts(self, intent: Intent) -> AnyFacts:
        """Read the facts for a dialog.

        Raises:
            SnaptuiError: not connected, or what it is about cannot be read.
        """
        host = self.host.state.host
        if host is None:
            raise Disconnected("There is no connection.")
        facts = await self.operations.facts(host, intent)
        key = intent.key
        if isinstance(key, DomainKey) and (agent := getattr(facts, "agent", None)) is not None:
            self.host.agent_said(key, agent)
        return replace(facts, counted=self.counting.state.counted)

    async def find_group(self, group: str, tell: Callable[[int, int], None]) -> Members:
        """Find all snapshots of a group on the host."""
        from snaptui.groups import find

        domains = self.host.state.domains.values()
        return await find(self.backend, self.worker, domains, group, tell)

    @background("agents")
    async def ask_agent(self, key: DomainKey) -> None:
        """Ask a guest's agent whether it is frozen; seconds if it is silent."""
        with contextlib.suppress(SnaptuiError):  # then nothing is known
            agent = await self.worker.reads.call(lambda: self.backend.agent(key), key=key)
            self.host.agent_said(key, agent)

    async def read(self, call: Callable[[], T], key: DomainKey) -> T:
        """Run a reading call that the user asked for."""
        return await self.worker.reads.call(call, key=key)

    @background("sign-in", exclusive=True)
    async def sign_in(self) -> None:
        """Give the terminal to ssh, connect, and take it back."""
        failed: SnaptuiError | None = None
        with self.suspend(), self._ending.while_another_has_the_terminal():
            try:
                self.host.opened(self.backend.connect(interactive=True))
            except SnaptuiError as error:
                failed = error
        self.refresh(layout=True)
        if failed is not None:
            self.show_error(failed.title, failed.message, failed.hint)
        self.host.retry()

    def get_system_commands(self, screen: Screen[object]) -> Iterator[SystemCommand]:
        """The palette: the actions of the table that can be used now."""
        for action in keymap.ACTIONS:
            here = (keymap.Scope.MAIN, keymap.Scope.APP)
            if action.scope not in here or (self.read_only and action.changes):
                continue
            if action.id == "command_palette" or self._main is None:
                continue
            owner = self if action.scope is keymap.Scope.APP else self._main
            run = getattr(owner, f"action_{action.id}")
            keys = ", ".join(map(keymap.shown, keymap.keys_of(action, self.overrides)))
            yield SystemCommand(action.label, f"{action.help} ({keys})", run)
        for theme in () if self.no_color else THEMES:
            if theme != MONO:
                words = f"Use the {theme} theme until snaptui ends"
                yield SystemCommand(f"theme {theme}", words, partial(themes.use, self, theme))

    def action_keys(self) -> None:
        """The help."""
        from snaptui.ui.help import help_lines
        from snaptui.ui.text_screen import TextScreen

        host = self.host.state.host
        lines = help_lines(self.overrides, host, self.read_only, self.glyphs)
        self.push_screen(TextScreen("Help", lines, self.glyphs))

    def show_error(
        self, title: str, message: str, hint: str, then: Callable[[], None] | None = None
    ) -> None:
        """Show an error with its whole text; ``then`` is called when it was closed."""
        from snaptui.ui.dialogs.message import ErrorDialog

        dialog = ErrorDialog(title, message, hint, self.glyphs)
        self.push_screen(dialog, lambda _: then() if then is not None else None)

    def action_leave(self) -> None:
        """Quit; when changes are under way, say what will go on."""
        from snaptui.ui.dialogs.message import QuitDialog

        under_way = tuple(header.operation_words(o) for o in self.operations.unfinished)
        if not under_way or isinstance(self.screen, QuitDialog):
            self.exit()
        else:
            self.push_screen(
                QuitDialog(under_way, self.glyphs), lambda quit_: self.exit() if quit_ else None
            )

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a task raised that nobody awaits."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.own_fault(error)

    def own_fault(self, error: Exception) -> None:
        """Log a fault of our own, and show it once for each place in the code.

        What runs goes on; what is shown may be out of date from now on, and the header says so.
        """
        log.write_fault(error)
        place = traceback.extract_tb(error.__traceback__)[-1:]
        at = (type(error).__name__, *((one.filename, one.lineno) for one in place))
        if at in self._faults:
            return
        self._faults.add(at)
        self._host_changed()
        words = f"{type(error).__name__}: {masked(str(error))}"
        hint = (
            f"{log.path()} has where. What was begun goes on, but what is shown may be out of date"
            " from now on: leave, and start snaptui again."
        )
        self.call_later(self.show_error, "A fault of snaptui", words, hint)

    def _fatal_error(self) -> None:
        """A fault in a widget; Textual would print the values of all variables."""
        error = sys.exception()
        self.panic(*(() if error is None else (Text(fault(error)),)))

    def _host_changed(self) -> None:
        if self._main is not None and is_there(self._main):
            self._main.host_changed()

    def count_again(self) -> None:
        """Count the selected image, or those of the selected domain, anew."""
        self._count(again=True)

    @property
    def _near(self) -> bool:
        host = self.host.state.host
        return host is not None and host.local

    def _count(self, *, again: bool = False) -> None:
        shown, image = self.snapshots.shown, self.images.shown
        wanted: Images = {}
        layers = NO_LAYERS
        if image is not None and image.head != WAITING:
            wanted = {image.key.path: image.head}
        elif shown is not None:
            wanted, layers = shown.images, shown.layers
        self.counting.want(wanted, near=self._near, layers=layers, again=again)

    def _images_changed(self) -> None:
        self._count()
        if self._main is not None and is_there(self._main):
            self._main.images_changed()

    def _snapshots_changed(self) -> None:
        self._count()
        if self._main is not None and is_there(self._main):
            self._main.snapshots_changed()

    def _counted(self) -> None:
        if self._main is not None and is_there(self._main):
            self._main.counted()

    def _operation_changed(self, operation: Operation) -> None:
        key = operation.plan.intent.key
        last = operation.plan.steps[-1].kind
        thawed = operation.phase is Phase.DONE and last is StepKind.THAW
        if thawed and isinstance(key, DomainKey):
            self.host.agent_said(key, Agent(AgentState.ANSWERS))
        if self._main is not None and is_there(self._main):
            self._main.operation_changed(operation)

    def _host_again(self) -> None:
        """Read everything again."""
        self.snapshots.look_again()
        self.images.look_again()

    def _hinted(self, key: DomainKey) -> None:
        self.filling.changed(key)
        shown = self.snapshots.shown
        if shown is not None and shown.key == key:
            self.snapshots.look_again()
