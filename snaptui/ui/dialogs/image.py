"""The dialogs of images: create, apply, delete and extract what qemu-img keeps inside of them."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from snaptui.common import text
from snaptui.model.files import CopyFormat
from snaptui.model.image import ImageKey, NotKnown, PlacedEntry
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.plan import ImageApply, ImageCreate, ImageDelete, ImageExtract
from snaptui.ui.closing import is_there
from snaptui.ui.dialogs.dialog import Choice
from snaptui.ui.dialogs.plan_dialog import PlanDialog
from snaptui.ui.dialogs.readings import ReadFacts
from snaptui.ui.format import Glyphs
from snaptui.ui.terminal.safe_input import Field

_FORMS = tuple(CopyFormat)
TYPED = 0.3
"""Seconds after the last key after which another directory is looked into."""


class ImageCreateDialog(PlanDialog):
    """The name, which is suggested."""

    AUTO_FOCUS = "#name"
    verb = "Create"

    def __init__(
        self, key: ImageKey, suggested: str, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(key, read_facts, glyphs)
        self._key = key
        self._suggested = suggested

    @property
    def intent(self) -> ImageCreate:
        """A snapshot with the name as it stands."""
        return ImageCreate(self._key, self.query_one("#name", Input).value)

    def fields(self) -> ComposeResult:
        """The name."""
        with Horizontal(classes="field"):
            yield Label("Name", markup=False)
            yield Field(self._suggested, id="name", compact=True, select_on_focus=True)

    @on(Input.Changed, "#name")
    def field_changed(self) -> None:
        """Plan again at each keystroke."""
        self.plan_again()


class ImageApplyDialog(PlanDialog):
    """Whether the disk as it is now is kept."""

    verb = "Apply"

    def __init__(
        self, key: ImageKey, placed: PlacedEntry, read_facts: ReadFacts, glyphs: Glyphs
    ) -> None:
        super().__init__(key, read_facts, glyphs)
        self._key, self._placed = key, placed

    @property
    def intent(self) -> ImageApply:
        """To make the disk so."""
        safety = self.query_one("#safety", Choice).index == 0
        return ImageApply(self._key, self._placed, safety)

    def fields(self) -> ComposeResult:
        """What is taken before."""
        yield Choice("Safety snapshot:", ["disk", "none"], id="safety")

    @on(Choice.Changed)
    def choice_changed(self) -> None:
        """Plan again."""
        self.plan_again()


class ImageDeleteDialog(PlanDialog):
    """One entry or several."""

    verb = "Delete"

    def __init__(
        self,
        key: ImageKey,
        placed: tuple[PlacedEntry, ...],
        read_facts: ReadFacts,
        glyphs: Glyphs,
    ) -> None:
        super().__init__(key, read_facts, glyphs)
        self._intent = ImageDelete(key, placed)

    @property
    def intent(self) -> ImageDelete:
        """To delete these."""
        return self._intent


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry may be copied from; ``label`` is the disk's name."""

    label: str
    key: ImageKey
    placed: PlacedEntry


class ExtractDialog(PlanDialog):
    """The new file: which disk of several, where, and of which format.

    Args:
        sources: at least one.
    """

    AUTO_FOCUS = "#target"
    verb = "Extract"

    def __init__(self, sources: tuple[Source, ...], read_facts: ReadFacts, glyphs: Glyphs) -> None:
        super().__init__(sources[0].key, read_facts, glyphs)
        self._sources = sources
        self._needs: int | NotKnown | None = None
        self._suggested = ""

    @property
    def intent(self) -> ImageExtract:
        """A copy to the path as it stands."""
        source = self._source
        target = self.query_one("#target", Input).value
        return ImageExtract(source.key, source.placed, target, self._form, self._needs)

    @property
    def _source(self) -> Source:
        if len(self._sources) == 1:
            return self._sources[0]
        return self._sources[self.query_one("#disk", Choice).index]

    @property
    def _form(self) -> CopyFormat:
        return _FORMS[self.query_one("#form", Choice).index]

    def fields(self) -> ComposeResult:
        """Disk, path and format."""
        if len(self._sources) > 1:
            yield Choice("Disk:", [source.label for source in self._sources], id="disk")
        self._suggested = suggested_target(self._sources[0], _FORMS[0], frozenset())
        with Horizontal(classes="field"):
            yield Label("New file", markup=False)
            yield Field(self._suggested, id="target", compact=True, select_on_focus=False)
        yield Choice("Format:", [form.value for form in _FORMS], id="form")

    def plan_again(self) -> None:
        """The plan follows; a name that was only suggested gives way to a file that is there."""
        facts = self.facts
        if isinstance(facts, ImageFacts) and facts.copy is not None:
            self._needs = facts.copy.needs
            if not isinstance(facts.copy.names, NotKnown):
                self._suggest(facts.copy.names)
        super().plan_again()

    def _suggest(self, there: frozenset[str]) -> None:
        target = self.query_one("#target", Input)
        if target.value == self._suggested:
            with target.prevent(Input.Changed):
                target.value = suggested_target(self._source, self._form, there)
            self._suggested = target.value
            target.cursor_position = len(target.value)

    @on(Choice.Changed, "#disk")
    def disk_changed(self) -> None:
        """Another image has other facts."""
        self._needs = None
        self._suggest(frozenset())
        self.read_again()

    @on(Choice.Changed, "#form")
    def form_changed(self) -> None:
        """The plan follows, and the ending of a suggested name."""
        self.plan_again()

    @on(Input.Changed, "#target")
    def target_changed(self) -> None:
        """The plan follows each keystroke; another directory is looked into."""
        facts = self.facts
        if isinstance(facts, ImageFacts) and facts.copy is not None:
            self.plan_again()
            if facts.copy.folder == self.intent.folder:
                return
        self.set_timer(TYPED, self._look)

    def _look(self) -> None:
        if not is_there(self):
            return
        facts = self.facts
        known = facts.copy.folder if isinstance(facts, ImageFacts) and facts.copy else ""
        if known != self.intent.folder:
            self.read_again()


def suggested_target(source: Source, form: CopyFormat, there: frozenset[str]) -> str:
    """A free path beside the image, made of its name and the snapshot's."""
    folder, _, name = source.key.path.rpartition("/")
    stem = name.removesuffix(".qcow2")
    shown = "".join(
        "_" if char == "/" or text.invisible(char) else char for char in source.placed.entry.name
    )
    base = f"{stem}-{shown}".encode("utf-8", "replace")[:200].decode("utf-8", "ignore")
    made, number = f"{base}.{form.value}", 2
    while made in there:
        made, number = f"{base}-{number}.{form.value}", number + 1
    return f"{folder}/{made}"
