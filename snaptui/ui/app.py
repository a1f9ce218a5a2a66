"""The Textual application: it shows the hosts."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.text import Text
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import Screen

from snaptui.common import log, text
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import fault, masked
from snaptui.common.worker import from_threads
from snaptui.config import MONO, THEMES
from snaptui.fleet import Fleet, MakeBackend
from snaptui.model.image import ImageKey
from snaptui.operations.operation import Operation
from snaptui.session import KnownHost, Session
from snaptui.ui import keymap, sheets, status_lines
from snaptui.ui.action import Scope
from snaptui.ui.actions import ACTIONS
from snaptui.ui.background import background
from snaptui.ui.closing import is_there
from snaptui.ui.context import Context, Settings
from snaptui.ui.ends import notice_of, title_of
from snaptui.ui.format import ASCII, UNICODE, clean
from snaptui.ui.main.screen import MainScreen
from snaptui.ui.terminal import plain_bars, themes
from snaptui.ui.terminal.key_queue import KeysInOrder
from snaptui.ui.terminal.notices import Notices
from snaptui.ui.terminal.signals import BY_SIGNAL, Ending

if TYPE_CHECKING:
    from pathlib import Path

    from snaptui.guest_files.appliances import Appliances
    from snaptui.operations.recovery import CutShort, Finding

T = TypeVar("T")


class SnaptuiApp(KeysInOrder):
    """The browser.

    Args:
        known: the hosts to begin with, at least one; what was listed of them before the screen
            was taken is there at the first paint.
        make_backend: reaches a host that is added later.
        select: name or UUID of the domain to select at first; without one the first image is.
    """

    CSS = sheets.css()
    TITLE = "snaptui"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings(Scope.APP)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        known: Sequence[KnownHost],
        make_backend: MakeBackend,
        *,
        select: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        settings = settings or Settings()
        theme, overrides = settings.theme, settings.overrides
        themes.prepare(theme)
        # without colours Textual takes those of its theme of this moment for greys, or for none
        super().__init__(ansi_color=True if theme == MONO else None, overrides=overrides)
        if theme != THEMES[0]:  # setting it makes Textual read the style sheet once more
            themes.use(self, theme)
        self.animation_level = "none"
        self.set_class(settings.ascii_only, "-ascii")
        plain_bars.use(plain=settings.ascii_only)
        images = (ImageKey(one.backend.uri, path) for one in known for path in one.images)
        self._select: str | ImageKey | None = select or next(images, None)
        self._main: MainScreen | None = None
        self._findings: dict[tuple[Path, int], dict[int, Finding]] = {}
        self._appliances: Appliances | None = None
        self.fleet = Fleet(known, make_backend, self, signs=settings.signs)
        self._notices = Notices(settings.noticing, self._to_terminal)
        self.context = Context(
            self.fleet,
            overrides,
            ASCII if settings.ascii_only else UNICODE,
            settings.snapshot_name,
            settings.demo,
            settings.hosts,
            self.show_error,
            self.sign_in,
            self._one_appliance,
            settings.kept,
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Text styles that a theme may replace."""
        return themes.STYLES

    def get_default_screen(self) -> MainScreen:
        """The main screen is the first one."""
        self._main = MainScreen(self.context, self._select)
        return self._main

    def on_mount(self) -> None:
        """Start watching the host."""
        if self.overrides:
            self.set_keymap({name: ",".join(keys) for name, keys in self.overrides.items()})
        asyncio.get_running_loop().set_exception_handler(self._failed)
        self._ending = Ending(from_threads(self._end_by))
        self.set_interval(60.0, log.bound)
        self.fleet.start()
        self.call_after_refresh(self.fleet.look_further)

    @property
    def session(self) -> Session:
        """The host that the screen is about."""
        return self.fleet.current

    @property
    def faulty(self) -> bool:
        """Whether a fault of our own has happened."""
        return bool(self.context.faults)

    def _one_appliance(self) -> Appliances:
        if self._appliances is None:
            from snaptui.guest_files.appliances import Appliances

            self._appliances = Appliances()
        return self._appliances

    async def on_unmount(self) -> None:
        """Stop watching; calls under way are left behind."""
        if self._main is not None:
            self._main.recall.save()
        self.fleet.stop()
        self._notices.close()
        self._ending.stop()
        if self._appliances is not None:
            await self._appliances.end()

    def _to_terminal(self, sequence: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def _end_by(self, number: int) -> None:
        self.exit(return_code=BY_SIGNAL + number)

    def journal_failed(self, problem: str) -> None:
        """Say it once; the dialogs refuse by it."""
        if self._main is not None:
            words = f"The journal cannot be written: {problem}. Only deletes are possible."
            self._main.view.news(words)
            self._main.view.draw_message()

    def became(self, cuts: tuple[CutShort, ...], findings: Mapping[int, Finding]) -> None:
        """Open one dialog for what was confirmed together, however much of it was cut short."""
        cut = cuts[0]
        record = cut.record
        when = f"cut short {text.when(int(record.started))}"
        key = keymap.key_of("operations", self.overrides)
        hint = f"The host was asked just now. The operations ({key}) keep this."
        if record.batch is None:
            words = findings[record.number].words
            self.show_error(f"{record.title}: {when}", words, hint)
            return
        from snaptui.operations.batches import of_cut_short

        # those of one group may be on several hosts, which are asked each in its time
        known = self._findings.setdefault((cut.past.path, record.batch.first), {})
        known.update(findings)
        summary = of_cut_short(record.batch, cut.together, known)
        self.show_error(f"{summary.title}: {when}", summary.words, hint)

    @background("sign-in", exclusive=True)
    async def sign_in(self) -> None:
        """Give the terminal to ssh, connect, and take it back."""
        failed: SnaptuiError | None = None
        session = self.session
        with self.suspend(), self._ending.while_another_has_the_terminal():
            try:
                session.sign_in()
            except SnaptuiError as error:
                failed = error
        self.refresh(layout=True)
        if failed is not None:
            self.show_error(failed.title, failed.message, failed.hint)
        session.host.retry()

    def get_system_commands(self, screen: Screen[object]) -> Iterator[SystemCommand]:
        """The palette: the actions of the table that can be used now."""
        for action in ACTIONS:
            here = (Scope.MAIN, Scope.APP)
            if action.scope not in here or (self.session.read_only and action.changes):
                continue
            if action.id == "command_palette" or self._main is None:
                continue
            owner = self if action.scope is Scope.APP else self._main
            run = getattr(owner, f"action_{action.id}")
            keys = ", ".join(map(keymap.shown, keymap.keys_of(action, self.overrides)))
            yield SystemCommand(action.label, f"{action.help} ({keys})", run)
        for theme in () if self.no_color else THEMES:
            if theme != MONO:
                words = f"Use the {theme} theme until snaptui ends"
                yield SystemCommand(f"theme {theme}", words, partial(themes.use, self, theme))

    def action_command_palette(self) -> None:
        """Open the palette; Textual's own placeholder is not ASCII."""
        if not any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            self.push_screen(
                CommandPalette(placeholder="Search for commands", id="--command-palette")
            )

    def action_keys(self) -> None:
        """Show the help."""
        from snaptui.ui.screens.help import help_lines
        from snaptui.ui.screens.text import TextScreen

        host = self.session.host.state.host
        lines = help_lines(self.overrides, host, self.session.read_only, self.context.glyphs)
        self.push_screen(TextScreen("Help", lines, self.context.glyphs))

    def show_error(
        self, title: str, message: str, hint: str, then: Callable[[], None] | None = None
    ) -> None:
        """Show an error with its whole text; ``then`` is called when it was closed."""
        from snaptui.ui.dialogs.message import ErrorDialog

        dialog = ErrorDialog(title, message, hint, self.context.glyphs)
        self.push_screen(dialog, lambda _: then() if then is not None else None)

    def action_leave(self) -> None:
        """Quit; when changes are under way, say what will go on."""
        from snaptui.ui.dialogs.message import QuitDialog

        def under_way() -> tuple[str, ...]:
            unfinished = self.fleet.operations.unfinished
            return tuple(status_lines.operation_words(one) for one in unfinished)

        if not under_way() or isinstance(self.screen, QuitDialog):
            self.exit()
        else:
            self.push_screen(
                QuitDialog(under_way, self.context.glyphs),
                lambda quit_: self.exit() if quit_ else None,
            )

    def action_help_quit(self) -> None:
        """Say what quits: Ctrl+C, which Textual calls this for, does so elsewhere."""
        if self._main is not None:
            self._main.view.say(f"{keymap.key_of('leave', self.overrides)} quits.")

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what a task raised that no other code awaits."""
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
        if at in self.context.faults:
            return
        self.context.faults.add(at)
        self.host_changed()
        words = f"{type(error).__name__}: {masked(str(error))}"
        hint = (
            f"{log.path()} has where. What was begun goes on, but what is shown may be out of date"
            " from now on: leave, and start snaptui again."
        )
        self.call_later(self.show_error, "A fault of snaptui", words, hint)

    def _fatal_error(self) -> None:
        """Print a fault in a widget; Textual would print the values of all variables too."""
        error = sys.exception()
        self.panic(*(() if error is None else (Text(fault(error)),)))

    def host_changed(self) -> None:
        """Draw it."""
        if self._main is not None and is_there(self._main):
            self._main.updates.host_changed()
            self._entitle()

    def images_changed(self) -> None:
        """Draw them."""
        if self._main is not None and is_there(self._main):
            self._main.updates.images_changed()

    def snapshots_changed(self) -> None:
        """Draw them."""
        if self._main is not None and is_there(self._main):
            self._main.updates.snapshots_changed()

    def counted(self) -> None:
        """Draw the figures."""
        if self._main is not None and is_there(self._main):
            self._main.updates.counted()

    def operation_changed(self, operation: Operation) -> None:
        """Draw how far it is, and say how it ended."""
        if self._main is not None and is_there(self._main):
            self._main.updates.operation_changed(operation)
        self._entitle()
        if (told := notice_of(operation, self.fleet.operations)) is not None:
            words, took = told
            self._notices.ended(clean(words, self.context.glyphs), took)

    def _entitle(self) -> None:
        """Have the terminal's title say what is under way, or how the last one ended."""
        words = title_of(self.fleet.operations) or self.fleet.names[self.session.uri]
        self._notices.entitle(clean(words, self.context.glyphs))
