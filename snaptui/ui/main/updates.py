"""What the host, the images and the operations say, put onto the main screen."""

from __future__ import annotations

import time
from abc import abstractmethod

from snaptui.common import text
from snaptui.model.domain import DomainKey, Key
from snaptui.model.image import ImageKey
from snaptui.operations.operation import Operation, Phase
from snaptui.ui import keymap
from snaptui.ui.context import Context
from snaptui.ui.main.view import Drawing


class Watching(Drawing):
    """Takes over each new state.

    Args:
        select: what is selected as soon as it is there: a domain's name or UUID, or an image.
    """

    def __init__(self, context: Context, select: str | ImageKey | None) -> None:
        super().__init__(context)
        self._select = select
        self._failures: list[tuple[Operation, ...]] = []

    @abstractmethod
    def _selection_changed(self) -> None:
        """Follow the selected domain or image."""

    @abstractmethod
    def action_left(self) -> None:
        """To the domains."""

    def host_changed(self) -> None:
        """The host's state is another one: domains, link or numbers of snapshots."""
        state = self.session.host.state
        wanted: Key | None = None
        if isinstance(self._select, ImageKey):
            wanted, self._select = self._select, None
        elif self._select is not None and state.loaded:
            wanted, self._select = self._find(self._select), None
        running = {
            operation.plan.intent.key: operation for operation in self.session.operations.unfinished
        }
        images = self.session.images.state
        self.domains.update_state(state, images, running, self._filters["domains"], wanted)
        self.draw_header()
        self.draw_details()
        self.draw_message()
        self._selection_changed()

    def images_changed(self) -> None:
        """Other images, or another one is selected, or more is known of it."""
        self.host_changed()
        self._entries_changed()

    def _entries_changed(self) -> None:
        counted = self.session.counting.state.counted
        self.entries.update_shown(self.session.images.shown, counted, self._filters["snapshots"])
        self.draw_title()
        self.draw_details()

    def snapshots_changed(self) -> None:
        """Other snapshots, or more of their details."""
        self.snapshots.update_shown(
            self.session.snapshots.shown,
            self.session.counting.state.counted,
            self._filters["snapshots"],
        )
        self.draw_title()
        self.draw_details()

    def counted(self) -> None:
        """More was counted of what the images are used for."""
        self.snapshots.update_counted(self.session.counting.state.counted)
        self._entries_changed()

    def operation_changed(self, operation: Operation) -> None:
        """An operation went on or is over."""
        if operation.phase.over:
            key = operation.plan.intent.key
            if isinstance(key, DomainKey):
                self.session.host.look_again(key)
                if key == self._shown_key:
                    self.session.snapshots.look_again()
            else:
                self.session.images.look_again()
            self._tell_end(operation)
        self.host_changed()

    def _tell_end(self, operation: Operation) -> None:
        """Say how an operation ended; those that were confirmed together once all are over."""
        what = f"{operation.plan.title}: {operation.phase.value}"
        moment = text.when(int(time.time()), seconds=True)[11:]
        if operation.phase in (Phase.DONE, Phase.CANCELLED):
            self._said = f"{what} at {moment}"
            if operation.meanwhile:
                self._said += f", but meanwhile {'; '.join(map(str, operation.meanwhile))}"
        else:
            self._said = f"{what}: {operation.error}"
        ended: tuple[Operation, ...] = (operation,)
        if operation.batch is not None:
            from snaptui.operations.batches import of_operations

            ended = self.session.operations.of(operation.batch)
            if not all(one.phase.over for one in ended):
                return
            title = of_operations(operation.batch, ended).title
            well = all(one.phase is Phase.DONE for one in ended)
            how = f"done at {moment}" if well else f"{self._key_of_operations} shows why"
            self._said = f"{title}: {how}"
        if any(one.phase is Phase.FAILED for one in ended):
            self._failures.append(ended)
            self._show_failure()

    def _show_failure(self) -> None:
        """Open the errors, unless the admin is busy in a dialog; then they wait."""
        if not self._failures or self.app.screen is not self:
            return
        batch = self._failures[0][0].batch
        if batch is not None:
            from snaptui.operations.batches import of_operations

            summary = of_operations(batch, self._failures.pop(0))
            hint = f"The operations ({self._key_of_operations}) keep each of them."
            self.context.show_error(summary.title, summary.words, hint, self._show_failure)
            return
        single = [ended for ended in self._failures if ended[0].batch is None]
        self._failures = [ended for ended in self._failures if ended[0].batch is not None]
        failed = [one for ended in single for one in ended]
        titles = [f"{one.plan.title}: {one.phase.value}" for one in failed]
        if len(failed) == 1:
            title, words, hint = titles[0], failed[0].error, failed[0].hint
        else:
            title = f"{len(failed)} operations did not end well"
            told = zip(titles, failed, strict=True)
            words = "\n".join(f"{what}: {one.error}" for what, one in told)
            hint = f"The operations ({self._key_of_operations}) say what to do next for each."
        self.context.show_error(title, words, hint, self._show_failure)

    @property
    def _key_of_operations(self) -> str:
        return keymap.key_of("operations", self.context.overrides)

    def on_screen_resume(self) -> None:
        """Back from a dialog: what failed meanwhile is shown."""
        self.call_after_refresh(self._show_failure)

    def _second(self) -> None:
        self.draw_header()
        if self.session.operations.unfinished:
            self.host_changed()

    def _find(self, name: str) -> Key | None:
        for domain in self.session.host.state.domains.values():
            if name in (domain.name, domain.key.uuid):
                return domain.key
        hint = "The list shows those that there are."
        words = f"There is no domain {name} on this host, and no image file {name} here."
        self.context.show_error("Not found", words, hint, self.action_left)
        return None
