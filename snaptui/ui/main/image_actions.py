"""The actions that change the selected image, or copy out of one: each opens a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.model.domain import Presence
from snaptui.model.image import ImageInfo, ImageKey, NotKnown, PlacedEntry
from snaptui.monitor.host import Link
from snaptui.monitor.images import ListedImage
from snaptui.monitor.snapshots import Shown
from snaptui.ui import keymap, status_lines
from snaptui.ui.panes.images import ImagePane
from snaptui.ui.snapshot_graph import Row

if TYPE_CHECKING:
    from snaptui.ui.dialogs.image import Source
    from snaptui.ui.main.domain_actions import Changes


class ImageChanges:
    """What can be asked of the image that is selected.

    Args:
        screen: where it is selected.
    """

    def __init__(self, screen: Changes, listed: ListedImage) -> None:
        self._screen = screen
        self._listed = listed

    def create(self) -> None:
        """Ask for a name, and create."""
        from snaptui.ui.dialogs.image import ImageCreateDialog

        key = self._free()
        if key is not None:
            head = self._listed.head
            entries = head.snapshots if isinstance(head, ImageInfo) else ()
            taken = tuple(word for entry in entries for word in (entry.name, entry.id))
            context = self._screen.context
            name = context.suggested_name(key.name, taken)
            self._screen.ask(
                ImageCreateDialog(key, name, context.session.read_facts, context.glyphs)
            )

    def apply(self) -> None:
        """Ask, and make the disk as the selected entry has it."""
        from snaptui.ui.dialogs.image import ImageApplyDialog

        key, placed = self._free(), self._entry()
        if key is not None and placed is not None:
            context = self._screen.context
            self._screen.ask(
                ImageApplyDialog(key, placed, context.session.read_facts, context.glyphs)
            )

    def delete(self) -> None:
        """Ask, and delete the marked entries, or the selected one."""
        from snaptui.ui.dialogs.image import ImageDeleteDialog

        key, chosen = self._free(), self._pane.marked
        if key is None:
            return
        if self._screen.context.session.images.selected != key:
            chosen = ()  # they are still those of the image before
        if not chosen:
            placed = self._entry()
            chosen = (placed,) if placed is not None else ()
        if chosen:
            context = self._screen.context
            self._screen.ask(
                ImageDeleteDialog(key, chosen, context.session.read_facts, context.glyphs)
            )

    def extract(self) -> None:
        """Ask, and copy the selected entry to a file."""
        from snaptui.ui.dialogs.image import Source

        placed = self._entry()
        if placed is not None:
            ask_to_extract(self._screen, (Source("", self._listed.key, placed),))

    @property
    def _pane(self) -> ImagePane:
        return self._screen.entries

    def _free(self) -> ImageKey | None:
        """The image, if a change of it can be planned now."""
        context, key = self._screen.context, self._listed.key
        if context.session.host.state.link is not Link.CONNECTED:
            self._screen.say(f"Not now: {context.session.host.state.link.value}.")
            return None
        operation = context.session.operations.running(key)
        if operation is not None:
            self._screen.say(f"Not now: {status_lines.operation_words(operation)}.")
            return None
        return key

    def _entry(self) -> PlacedEntry | None:
        """The entry under the cursor, while the list shown is the selected image's."""
        following = self._screen.context.session.images.selected == self._listed.key
        if self._screen.focused is not self._pane or not following:
            self._screen.say(keymap.go_first(self._screen.context.overrides))
            return None
        if self._pane.selected is None:
            self._screen.say("Select a snapshot first.")
        return self._pane.selected


def ask_to_extract(screen: Changes, sources: tuple[Source, ...]) -> None:
    """Open the dialog of a copy, unless one of the same image is under way."""
    from snaptui.ui.dialogs.image import ExtractDialog

    context = screen.context
    for source in sources:
        if (operation := context.session.operations.running(source.key)) is not None:
            screen.say(f"Not now: {status_lines.operation_words(operation)}.")
            return
    screen.ask(ExtractDialog(sources, context.session.read_facts, context.glyphs))


def sources_of(row: Row, shown: Shown) -> tuple[Source, ...] | str:
    """Where the entries of a domain's snapshot or stray are; or why none can be copied."""
    from snaptui.ui.dialogs.image import Source

    if row.stray is not None:
        places = [(path, path, row.stray.name) for path, _ in row.stray.parts]
    elif row.overlay is not None:
        return "It is an overlay, with no snapshot in it to copy."
    elif row.snapshot is None:
        return "It has not been read."
    else:
        then = {d.target: d for d in row.snapshot.config.disks} if row.snapshot.config else {}
        inside = [
            then[part.target]
            for part in row.snapshot.disks
            if part.presence is Presence.INTERNAL and part.target in then
        ]
        places = [(disk.target, disk.path, row.snapshot.name) for disk in inside if disk.path]
        for disk in inside:
            if disk.path is None:
                return f"{disk.target}: {disk.no_path.reason}."
    found: list[Source] = []
    for label, path, name in places:
        head = shown.images.get(path, NotKnown("it has not been read"))
        if isinstance(head, NotKnown):
            return f"{label}: {head.reason}"
        entries = [PlacedEntry(at, e) for at, e in enumerate(head.snapshots) if e.name == name]
        if len(entries) > 1:
            return f"{label} holds {len(entries)} snapshots called {name}: open {path} as an image."
        found += [Source(label, ImageKey(shown.key.host, path), placed) for placed in entries]
    return tuple(found) or "No image holds it inside: only such snapshots can be copied out."
