"""Names, paths, lines and XML of what is selected, for the terminal's clipboard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from snaptui.model.domain import Domain
from snaptui.model.group_mark import described
from snaptui.model.host import Host
from snaptui.model.operation_record import Record
from snaptui.model.snapshot import Snapshot
from snaptui.model.virsh_line import option, virsh
from snaptui.operations.history import subjects
from snaptui.ui.dialogs.dialog import Dialog
from snaptui.ui.format import Glyphs, clean
from snaptui.ui.panes.lines import Line, LinesList
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.terminal import clipboard

NOTHING = "There is nothing to copy here."


def of_domain(domain: Domain, host: Host, paths: Iterable[str]) -> Iterator[Line]:
    """What may be wanted of a domain; the lines only look."""
    yield "name", domain.name
    yield "UUID", domain.key.uuid
    yield "URI", host.label
    yield "its XML", virsh(host, "dumpxml", domain)
    yield "snapshots", virsh(host, "snapshot-list", domain, "--tree")
    for path in paths:
        yield "image", path


def of_snapshot(name: str, snapshot: Snapshot | None, domain: Domain, host: Host) -> Iterator[Line]:
    """What may be wanted of a snapshot; the lines only look."""
    yield "name", name
    yield "domain", domain.name
    if snapshot is None:
        return
    if description := described(snapshot):
        yield "description", description
    named = option("snapshotname", name)
    yield "its XML", virsh(host, "snapshot-dumpxml", domain, named)
    yield "about it", virsh(host, "snapshot-info", domain, named)
    for disk in snapshot.disks:
        if disk.path is not None:
            yield f"overlay of {disk.target}", disk.path
    if snapshot.memory_path is not None:
        yield "RAM", snapshot.memory_path


def of_compared(
    names: Iterable[str], known: Collection[str], domain: Domain, host: Host
) -> Iterator[Line]:
    """What may be wanted of the snapshots of a domain that are compared; the lines only look.

    Args:
        known: names of those that libvirt knows.
    """
    for name in names:
        yield "name", name
        if name in known:
            yield "its XML", virsh(host, "snapshot-dumpxml", domain, option("snapshotname", name))
    yield "domain's XML", virsh(host, "dumpxml", domain)


def of_operation(record: Record) -> Iterator[Line]:
    """What may be wanted of an operation: what it was about, and the lines for it."""
    yield "what", record.title
    for name in subjects(record):
        yield "name", name
    for step in record.steps:
        yield "line", step.line
    yield "XML before", record.copies


def ask_copy(
    screen: Screen[Any],
    title: str,
    lines: tuple[Line, ...],
    glyphs: Glyphs,
    say: Callable[[str], None],
) -> None:
    """Ask over a screen which of these is wanted, and give it to the clipboard.

    Args:
        say: answers the key.
    """
    lines = tuple((label, value) for label, value in lines if value)
    if not lines:
        say(NOTHING)
        return

    def chosen(value: str | None) -> None:
        if value is not None:
            clipboard.give(screen.app, value)
            say(clipboard.GIVEN)

    screen.app.push_screen(CopyDialog(title, lines, glyphs), chosen)


class CopyDialog(Dialog[str]):
    """Returns what was chosen; all of the selected one can be read, and selected by mouse.

    Args:
        lines: what each is, and the text; at least one.
    """

    AUTO_FOCUS = "#choices"

    def __init__(self, title: str, lines: tuple[Line, ...], glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._title, self._lines = title, lines

    def body(self) -> ComposeResult:
        """The list, and below it the whole text of the selected one."""
        yield LinesList(self.glyphs, id="choices")
        with VerticalScroll(id="rest", can_focus=True):
            yield Static(id="rest-text", markup=False)
        yield Static(
            "Enter gives it to the terminal's clipboard (OSC 52); where that takes nothing, select "
            "it above.",
            id="notice",
            markup=False,
        )

    def on_mount(self) -> None:
        """Fill the list."""
        self.set_title(f"Copy of {self._title}")
        self.query_one(LinesList).show(self._lines)
        self.on_row_list_moved()

    def on_row_list_moved(self) -> None:
        """Show all of the selected one."""
        value = self._lines[self.query_one(LinesList).cursor][1]
        shown = "\n".join(clean(line, self.glyphs) for line in value.split("\n"))
        self.query_one("#rest-text", Static).update(Text(shown))

    def on_key(self, event: events.Key) -> None:
        """Enter on the list chooses."""
        if event.key == "enter" and isinstance(self.focused, RowList):
            event.stop()
            self.dismiss(self._lines[self.query_one(LinesList).cursor][1])
