"""The actions that change the selected image, or copy out of one: each opens a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.model.image import ImageInfo, ImageKey, NotKnown, PlacedEntry
from snaptui.monitor.snapshots import Shown
from snaptui.ui import keymap, status_lines
from snaptui.ui.snapshot_graph import Row

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.dialogs.image import Source
    from snaptui.ui.main.ports import Prompter, Selection


class ImageActions:
    """What can be asked of the image that is selected."""

    def __init__(self, context: Context, selection: Selection, prompter: Prompter) -> None:
        self._context = context
        self._session = context.session
        self._read_facts = context.fleet.read_facts
        self._selection = selection
        self._prompter = prompter

    def create(self) -> None:
        """Ask for a name, and create."""
        from snaptui.ui.dialogs.image import ImageCreateDialog

        key, listed, context = self._free(), self._selection.image, self._context
        if key is not None and listed is not None:
            head = listed.head
            entries = head.snapshots if isinstance(head, ImageInfo) else ()
            taken = tuple(word for entry in entries for word in (entry.name, entry.id))
            name = context.suggested_name(key.name, taken)
            dialog = ImageCreateDialog(key, name, self._read_facts, context.glyphs)
            self._prompter.ask(dialog)

    def revert(self) -> None:
        """Ask, and make the disk as the selected entry has it."""
        from snaptui.ui.dialogs.image import ImageApplyDialog

        key, placed = self._free(), self._entry()
        if key is not None and placed is not None:
            read_facts, glyphs = self._read_facts, self._context.glyphs
            self._prompter.ask(ImageApplyDialog(key, placed, read_facts, glyphs))

    def delete(self) -> None:
        """Ask, and delete the marked entries, or the selected one."""
        from snaptui.ui.dialogs.image import ImageDeleteDialog

        key, chosen = self._free(), self._selection.marked_entries
        if key is None:
            return
        if self._session.images.selected != key:
            chosen = ()  # they are still those of the image before
        if not chosen:
            placed = self._entry()
            chosen = (placed,) if placed is not None else ()
        if chosen:
            read_facts, glyphs = self._read_facts, self._context.glyphs
            self._prompter.ask(ImageDeleteDialog(key, chosen, read_facts, glyphs))

    def extract(self) -> None:
        """Ask, and copy the selected entry to a file."""
        from snaptui.ui.dialogs.image import Source

        key, placed = self._key, self._entry()
        if key is not None and placed is not None:
            ask_to_extract(self._context, self._prompter, (Source("", key, placed),))

    def edit(self) -> None:
        """Say why not."""
        self._not_for_images("qemu-img keeps no descriptions.")

    def hold(self) -> None:
        """Say why not."""
        self._not_for_images("a snapshot inside an image cannot be held.")

    def adopt(self) -> None:
        """Say why not."""
        self._not_for_images("no domain can register it.")

    def thaw(self) -> None:
        """Say why not."""
        self._not_for_images("there is no guest.")

    def undo(self) -> None:
        """Say why not."""
        self._not_for_images("select the safety snapshot and apply it.")

    def _not_for_images(self, why: str) -> None:
        self._prompter.say(f"Not for an image: {why}")

    @property
    def _key(self) -> ImageKey | None:
        listed = self._selection.image
        return listed.key if listed is not None else None

    def _free(self) -> ImageKey | None:
        """The image, if a change of it can be planned now."""
        key = self._key
        if key is None:
            return None
        why = status_lines.no_change(self._session, key)
        if why:
            self._prompter.say(why)
        return None if why else key

    def _entry(self) -> PlacedEntry | None:
        """The entry under the cursor, while the list shown is the selected image's."""
        selection = self._selection
        if not selection.on_entries or self._session.images.selected != self._key:
            self._prompter.say(keymap.go_first(self._context.overrides))
            return None
        if selection.entry is None:
            self._prompter.say("Select a snapshot first.")
        return selection.entry


def ask_to_extract(context: Context, prompter: Prompter, sources: tuple[Source, ...]) -> None:
    """Open the dialog of a copy, unless one of the same image is under way."""
    from snaptui.ui.dialogs.image import ExtractDialog

    why = status_lines.busy(context.session, *(source.key for source in sources))
    if why:
        prompter.say(why)
    else:
        prompter.ask(ExtractDialog(sources, context.fleet.read_facts, context.glyphs))


def sources_of(row: Row, shown: Shown) -> tuple[Source, ...] | str:
    """Where the entries of a domain's snapshot, managed or not, are; or why none can be copied."""
    from snaptui.ui.dialogs.image import Source

    if row.unmanaged is not None:
        places = [(path, path, row.unmanaged.name) for path, _ in row.unmanaged.parts]
    elif row.overlay is not None:
        return "This is an overlay. It has no snapshot to extract."
    elif row.snapshot is None:
        return "It has not been read yet."
    else:
        inside = row.snapshot.inside
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
    return tuple(found) or "Only internal snapshots can be extracted."
