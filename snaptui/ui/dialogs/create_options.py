"""What can be chosen for a create beside its name and kind."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Label, Static

from snaptui.model.choices import Form
from snaptui.model.disk import Presence
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.checks.domain_checks import writable_disks
from snaptui.plan.create.overlay_paths import resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.terminal.safe_input import Field

SHOWN = 34
"""Characters of a path for which there is room."""
_TAKES_PART = (Presence.EXTERNAL, Presence.NO)


class DiskRow(Horizontal):
    """Whether a disk takes part, and its overlay."""

    def __init__(self, target: str, left_out: bool) -> None:
        super().__init__(classes="field")
        self.target = target
        self.usual = _TAKES_PART[left_out]
        self.takes_part = Choice("", ["overlay", "left out"], id=f"part-{target}")
        self.takes_part.set_reactive(Choice.index, int(left_out))
        self.path = Field(compact=True, id=f"path-{target}")

    def compose(self) -> ComposeResult:
        """Target, choice, path."""
        yield Label(self.target, markup=False)
        yield self.takes_part
        yield self.path


class Options(VerticalScroll):
    """The options; those are shown that make sense for the kind and the domain."""

    class Changed(Message):
        """One of them is another one now."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="options", can_focus=False)
        self._glyphs = glyphs
        self._rows: list[DiskRow] = []
        self._others: tuple[SnapshotDisk, ...] = ()
        self._memory = Field(compact=True, id="memory")
        self._quiesce = Choice("Freeze the guest's file systems:", ["no", "yes"], id="quiesce")
        self._live = Choice("While its RAM is saved it is:", ["paused", "running"], id="live")
        self._halt = Choice("Afterwards it:", ["does not change", "is shut off"], id="halt")
        self._reuse = Choice("Overlays:", ["are made", "are there already"], id="reuse")

    def compose(self) -> ComposeResult:
        """All of them."""
        with Horizontal(classes="field", id="memory-row"):
            yield Label("RAM file", markup=False)
            yield self._memory
        yield from (self._quiesce, self._live, self._halt, self._reuse)
        yield Static("This kind has no further options.", id="no-more", markup=False)

    def offer(self, intent: CreateIntent, facts: Facts) -> None:
        """Show what can be chosen for a kind, with the paths that are taken otherwise."""
        if not self._rows:
            self._rows = [
                DiskRow(disk.target, disk.snapshot is Presence.NO)
                for disk in writable_disks(facts.status.config.disks)
            ]
            self.mount(*self._rows, before=0)
        active = facts.status.domain.state.active
        external = intent.form is not Form.INTERNAL
        usual = resolved(replace(intent, disks=(), memory_path=""), facts)
        for row in self._rows:
            row.display = external
            row.path.placeholder = self._end_of(usual.overlays.get(row.target, ""))
        self._memory.placeholder = self._end_of(usual.memory_path or "")
        self.query_one("#memory-row").display = intent.form is Form.EXTERNAL
        self._quiesce.display = intent.form is Form.DISK_ONLY and active
        self._live.display = intent.form is Form.EXTERNAL and active
        self._halt.display = active
        self._reuse.display = external
        self.query_one("#no-more").display = not active and not external

    def _end_of(self, path: str) -> str:
        """A path, or so much of its end as a field shows."""
        shown = clean(path, self._glyphs)
        return shown if len(shown) <= SHOWN else self._glyphs.more + shown[-SHOWN:]

    def focus_first(self) -> None:
        """Give the first of those shown the focus."""
        for widget in self.query("Choice, Input"):
            if widget.focusable and widget.region:
                widget.focus()
                return

    def applied(self, intent: CreateIntent) -> CreateIntent:
        """An intent with what was chosen."""
        disks = tuple(
            SnapshotDisk(
                row.target, _TAKES_PART[row.takes_part.index], row.path.value.strip() or None
            )
            for row in self._rows
            if row.takes_part.index or row.path.value.strip() or intent.form is Form.DISK_ONLY
        )
        if intent.form is Form.INTERNAL:
            disks = ()
        return replace(
            intent,
            disks=(*disks, *self._others),
            memory_path=self._memory.value.strip(),
            quiesce=self._quiesce.index == 1,
            live=self._live.index == 1,
            halt=self._halt.index == 1,
            reuse=self._reuse.index == 1,
        )

    def fill_in(self, intent: CreateIntent) -> None:
        """Choose what an intent says; what no field can say is kept beside them."""
        said = {disk.target: disk for disk in intent.disks}
        for row in self._rows if intent.form is not Form.INTERNAL else ():
            disk = said.get(row.target, SnapshotDisk(row.target, row.usual))
            if disk.presence in _TAKES_PART:
                said.pop(row.target, None)
                row.takes_part.index = _TAKES_PART.index(disk.presence)
                row.path.value = disk.path or ""
        self._others = tuple(said.values())
        self._memory.value = intent.memory_path

    @on(Input.Changed)
    @on(Choice.Changed)
    def field_changed(self, event: Message) -> None:
        """Tell the dialog."""
        event.stop()
        self.post_message(self.Changed())
