"""What the host, the images and the operations say, put onto the main screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.timer import Timer

from snaptui.common import commands, text
from snaptui.model.domain import Key
from snaptui.model.image import ImageKey
from snaptui.model.operation_record import StepKind
from snaptui.monitor.host import Link
from snaptui.operations.operation import Operation, Phase
from snaptui.session import Session
from snaptui.ui import keymap
from snaptui.ui.context import Context
from snaptui.ui.main.following import Following
from snaptui.ui.main.panes import Panes
from snaptui.ui.main.view import View
from snaptui.ui.panes.host_rows import ListedHost

TOGETHER = 0.05
"""Seconds for which changes of several hosts wait for each other."""


class Updates:
    """Takes over each new state.

    Args:
        select: what is selected as soon as it is there: a domain's name or UUID, or an image.
        recalled: what else is to be selected, whenever the hosts are drawn.
    """

    def __init__(
        self,
        context: Context,
        panes: Panes,
        view: View,
        following: Following,
        select: str | ImageKey | None,
        recalled: Callable[[], Key | None],
    ) -> None:
        self._context = context
        self._panes = panes
        self._view = view
        self._following = following
        self._select = select
        self._recalled = recalled
        self._failures: list[tuple[Operation, ...]] = []
        self._soon: Timer | None = None

    @property
    def _session(self) -> Session:
        return self._context.session

    def host_changed(self) -> None:
        """Draw the new state of a host; what many hosts say in a moment is drawn together."""
        if len(self._context.fleet) == 1:
            self.draw_hosts()
        elif self._soon is None:
            self._soon = self._panes.domains.set_timer(TOGETHER, self.draw_hosts)

    def draw_hosts(self) -> None:
        """Draw the domains, links and numbers of snapshots as they are now."""
        self._soon = None
        fleet, panes = self._context.fleet, self._panes
        wanted: Key | None = None
        if isinstance(self._select, ImageKey):
            wanted, self._select = self._select, None
        elif self._select is not None:
            wanted = self._find(self._select)
        else:
            wanted = self._recalled()
        running = {
            operation.plan.intent.key: operation for operation in fleet.operations.unfinished
        }
        hosts = [
            ListedHost(
                uri,
                name,
                one.host.state,
                one.images.state,
                one.filling.fullest,
                one.figures.known,
                one.filling.images,
                one.filling.shared,
            )
            for (uri, name), one in zip(fleet.names.items(), fleet, strict=True)
        ]
        panes.domains.update_hosts(hosts, running, panes.filters["domains"], wanted)
        self._view.draw_header()
        self._view.draw_details()
        self._view.draw_message()
        self._following.selection_changed()

    def images_changed(self) -> None:
        """Draw other images, another selected one, or more that is known of it."""
        self.host_changed()
        self.entries_changed()

    def entries_changed(self) -> None:
        """Draw other snapshots of the selected image, or those of another filter."""
        self._panes.entries.update_shown(
            self._session.images.shown,
            self._session.counting.state.counted,
            self._panes.filters["snapshots"],
        )
        self._view.draw_title()
        self._view.draw_details()

    def snapshots_changed(self) -> None:
        """Draw other snapshots, more of their details, or those of another filter."""
        self._panes.snapshots.update_shown(
            self._session.snapshots.shown,
            self._session.counting.state.counted,
            self._panes.filters["snapshots"],
        )
        self._view.draw_title()
        self._view.draw_details()

    def counted(self) -> None:
        """Draw what was counted of the images meanwhile."""
        self._panes.snapshots.update_counted(self._session.counting.state.counted)
        self.entries_changed()

    def operation_changed(self, operation: Operation) -> None:
        """Draw how far an operation is, or say how it ended."""
        from snaptui.plan.plan import EditIntent

        intent = operation.plan.intent
        if isinstance(intent, EditIntent) and intent.new_name:
            self._panes.snapshots.follow(intent.key, intent.name, intent.new_name)
        if operation.phase.over:
            self._unmark(operation)
            self._tell_end(operation)
        self.host_changed()

    def _unmark(self, operation: Operation) -> None:
        """Take the mark of a domain away that has got its snapshot; others are tried again."""
        if operation.batch is None or operation.phase is not Phase.DONE:
            return
        from snaptui.operations.batches import kind_of_all

        if kind_of_all(operation.record) is StepKind.CREATE:
            self._panes.domains.unmark_one(operation.plan.intent.key)

    def second(self) -> None:
        """Draw ages, and how long what runs takes, each second."""
        self._view.draw_header()
        self._view.draw_message()
        self._panes.snapshots.grow_older()
        if self._session.operations.unfinished:
            self.host_changed()

    def _tell_end(self, operation: Operation) -> None:
        """Say how an operation ended; those that were confirmed together once all are over."""
        well = operation.phase in (Phase.DONE, Phase.CANCELLED)
        said = f"{operation.title}: {operation.phase.value}"
        if not well:
            said += f": {operation.error}"
        elif operation.meanwhile:
            said += f", but meanwhile {'; '.join(map(str, operation.meanwhile))}"
        elif operation.phase is Phase.DONE and operation.plan.undo.by_safety:
            said += f"; {keymap.key_of('undo', self._context.overrides)} undoes it"
        ended: tuple[Operation, ...] = (operation,)
        if operation.batch is not None:
            from snaptui.operations.batches import of_operations

            ended = self._session.operations.of(operation.batch)
            if not all(one.phase.over for one in ended):
                self._news(said, well=well)
                return
            title = of_operations(operation.batch, ended).title
            well = all(one.phase is Phase.DONE for one in ended)
            said = f"{title}: {'done' if well else f'{self._key_of_operations} shows why'}"
        self._news(said, well=well)
        if any(one.phase is Phase.FAILED for one in ended):
            self._failures.append(ended)
            self.show_failure()

    def _news(self, said: str, *, well: bool) -> None:
        """Have it stay in the message line, with how and when it ended."""
        glyphs = self._context.glyphs
        moment = text.when(int(time.time()))[11:]
        self._view.news(f"{glyphs.well if well else glyphs.ill} {moment} {said}")

    def show_failure(self) -> None:
        """Open the errors, unless the admin is busy in a dialog; then they wait."""
        if not self._failures or not self._panes.on_top:
            return
        show_error = self._context.show_error
        batch = self._failures[0][0].batch
        if batch is not None:
            from snaptui.operations.batches import of_operations

            summary = of_operations(batch, self._failures.pop(0))
            hint = f"The operations ({self._key_of_operations}) keep each of them."
            show_error(summary.title, summary.words, hint, self.show_failure)
            return
        single = [ended for ended in self._failures if ended[0].batch is None]
        self._failures = [ended for ended in self._failures if ended[0].batch is not None]
        failed = [one for ended in single for one in ended]
        titles = [f"{one.title}: {one.phase.value}" for one in failed]
        if len(failed) == 1:
            title, words, hint = titles[0], failed[0].error, failed[0].hint
        else:
            title = f"{len(failed)} operations need attention"
            told = zip(titles, failed, strict=True)
            words = "\n".join(f"{what}: {one.error}" for what, one in told)
            hint = f"The operations ({self._key_of_operations}) say what to do next for each."
        show_error(title, words, hint, self.show_failure)

    @property
    def _key_of_operations(self) -> str:
        return keymap.key_of("operations", self._context.overrides)

    def _find(self, name: str) -> Key | None:
        """The domain of a name or a UUID, once it is there; says so if it is nowhere."""
        states = [one.host.state for one in self._context.fleet]
        for state in states:
            for domain in state.domains.values():
                if name in (domain.name, domain.key.uuid):
                    self._select = None
                    return domain.key
        gone = (Link.LOST, Link.SIGN_IN, Link.REFUSED) if len(states) > 1 else ()
        if any(not state.loaded and state.link not in gone for state in states):
            return None
        self._select = None
        asked = sum(state.loaded for state in states)
        where = "this host" if len(states) == 1 else f"these {len(states)} hosts"
        if asked < len(states):
            where = f"the {asked} of {len(states)} hosts that answered"
        hint = commands.meant(name) or "The list shows those that there are."
        words = f"There is no domain {name} on {where}, and no image file {name} here."
        self._context.show_error("Not found", words, hint, self._to_domains)
        return None

    def _to_domains(self) -> None:
        self._panes.domains.focus()
