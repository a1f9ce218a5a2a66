"""The steps of plans for images: qemu-img's part of it, and what they must have changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from snaptui.common import shell
from snaptui.model.files import EntryCopy, FileId
from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown, PlacedEntry
from snaptui.model.operation_record import StepKind
from snaptui.plan.change import Change, Difference
from snaptui.plan.image_facts import ImageFacts, RemovalFacts
from snaptui.plan.steps.base import BaseStep, next_id


@dataclass(frozen=True, slots=True)
class AddEntry(BaseStep):
    """Add an entry that holds the disk as it is now."""

    path: str
    name: str

    kind: ClassVar[StepKind] = StepKind.CREATE

    @property
    def subject(self) -> str:
        """What the journal knows it by."""
        return self.name

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"take the snapshot {self.name}"

    @property
    def line(self) -> str:
        """The same as a line for a shell."""
        return shell.line(["qemu-img", "snapshot", "-c", self.name, self.path])

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: one entry more, and the disk is as it has it."""
        if isinstance(before.image, NotKnown) or isinstance(before.as_now, NotKnown):
            return before
        entry = ImageSnapshot(next_id(before.image), self.name, 0, 0)
        return replace(
            _with(before, before.image, (*before.entries, entry)),
            as_now=before.as_now | {entry.id},
        )


@dataclass(frozen=True, slots=True)
class _OfEntry(BaseStep):
    """A step that is about an entry that there is."""

    path: str
    placed: PlacedEntry

    @property
    def subject(self) -> str:
        """What the journal knows it by: ID and name."""
        return subject_of(self.placed.entry)


@dataclass(frozen=True, slots=True)
class ApplyEntry(_OfEntry):
    """Make the disk as the entry has it."""

    kind: ClassVar[StepKind] = StepKind.APPLY

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"apply {self.placed.words}"

    @property
    def line(self) -> str:
        """The same as a line for a shell; by ID, which qemu-img looks for first."""
        return shell.line(["qemu-img", "snapshot", "-a", self.placed.entry.id, self.path])

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: the disk is as the entry has it."""
        return replace(before, as_now=frozenset({self.placed.entry.id}))


@dataclass(frozen=True, slots=True)
class DeleteEntry(_OfEntry):
    """Delete an entry: at that moment the first one of its name."""

    kind: ClassVar[StepKind] = StepKind.DELETE

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"delete {self.placed.words}"

    @property
    def line(self) -> str:
        """The same as a line for a shell."""
        return shell.line(["qemu-img", "snapshot", "-d", self.placed.entry.name, self.path])

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: this very entry is gone, and nothing else."""
        if isinstance(before.image, NotKnown) or isinstance(before.as_now, NotKnown):
            return before
        entry = self.placed.entry
        at = before.entries.index(entry) if entry in before.entries else len(before.entries)
        left = before.entries[:at] + before.entries[at + 1 :]
        return replace(_with(before, before.image, left), as_now=before.as_now - {entry.id})


def cut_off(entry: ImageSnapshot, facts: ImageFacts) -> bool:
    """Whether qemu-img, which reads an entry at today's size, would leave its end out."""
    return _today(entry, facts) < 0


def longer(entry: ImageSnapshot, facts: ImageFacts) -> bool:
    """Whether it would go on behind the end of the entry."""
    return _today(entry, facts) > 0


def _today(entry: ImageSnapshot, facts: ImageFacts) -> int:
    if entry.virtual_size is None or not isinstance(facts.image, ImageInfo):
        return 0  # QEMU takes one that says no size to have today's
    return facts.image.virtual_size - entry.virtual_size


@dataclass(frozen=True, slots=True)
class ExtractEntry(BaseStep):
    """Copy an entry to a new file."""

    copy: EntryCopy

    kind: ClassVar[StepKind] = StepKind.EXTRACT

    @property
    def subject(self) -> str:
        """What the journal knows it by: the new file."""
        return self.copy.target

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"copy {self.copy.entry.name} to {self.copy.target}"

    @property
    def no_way_out(self) -> str:
        """Nothing: what there is of the new file is removed."""
        return ""

    @property
    def line(self) -> str:
        """The nearest line for a shell; it replaces no file either."""
        copy = self.copy
        wanted = f"snapshot.id={copy.entry.id.replace(',', ',,')}"
        shared = ["-U"] if copy.shared else []
        form = ["-f", "qcow2", "-O", copy.form.value]
        words = ["qemu-img", "convert", "-p", *shared, *form, "-l", wanted]
        commands = [[*words, copy.path, copy.target]]
        if copy.longer:  # qemu-img takes an entry at today's size
            resize = ["qemu-img", "resize", "--shrink", "-f", copy.form.value]
            commands.append([*resize, copy.target, str(copy.entry.virtual_size)])
        return shell.line_for_new(copy.target, *commands)

    def in_the_way(self, facts: ImageFacts) -> tuple[Difference, ...]:
        """Why the facts of this moment forbid it."""
        found = []
        if facts.copy is not None and facts.copy.exists(self._name):
            found.append(Difference(Change.THERE_ALREADY, self.copy.target))
        if cut_off(self.copy.entry, facts):
            found.append(Difference(Change.SHRUNK, facts.path, self.copy.entry.name))
        return tuple(found)

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: the file is there."""
        if before.copy is None:
            return before
        return replace(before, copy=replace(before.copy, made=frozenset({self._name})))

    @property
    def _name(self) -> str:
        return self.copy.target.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class SetAside(BaseStep):
    """Give a whole image another name, so that whoever still wants it fails and loses nothing."""

    path: str
    aside: str
    file: FileId

    kind: ClassVar[StepKind] = StepKind.SET_ASIDE

    @property
    def subject(self) -> str:
        """What the journal knows it by: the new name."""
        return self.aside

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"set {self.path} aside as {self.aside}"

    @property
    def line(self) -> str:
        """The same as a line for a shell."""
        return shell.line(["mv", "-n", "--", self.path, self.aside])

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: the same file, under the other name."""
        if before.removal is None:
            return before
        return replace(before, removal=RemovalFacts(None, before.removal.there))


@dataclass(frozen=True, slots=True)
class RemoveAside(BaseStep):
    """Remove an image that was set aside."""

    aside: str
    file: FileId

    kind: ClassVar[StepKind] = StepKind.REMOVE

    @property
    def subject(self) -> str:
        """What the journal knows it by."""
        return self.aside

    @property
    def words(self) -> str:
        """What the step does, in a few words."""
        return f"remove {self.aside}"

    @property
    def line(self) -> str:
        """The same as a line for a shell."""
        return shell.line(["rm", "--", self.aside])

    def expected(self, before: ImageFacts) -> ImageFacts:
        """What the facts must be after it: it is there under neither name."""
        if before.removal is None:
            return before
        return replace(before, removal=RemovalFacts(before.removal.there, None))


ImageStep = AddEntry | ApplyEntry | DeleteEntry | ExtractEntry | SetAside | RemoveAside


def subject_of(entry: ImageSnapshot) -> str:
    """What the journal knows an entry by: its ID, which is its own, and its name."""
    return f"{entry.id} {entry.name}"


def _with(facts: ImageFacts, image: ImageInfo, entries: tuple[ImageSnapshot, ...]) -> ImageFacts:
    return replace(facts, image=replace(image, snapshots=entries))
