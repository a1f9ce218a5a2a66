"""What a plan is, and what an admin may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from snaptui.model.choices import Form, RunState, SafetyKind, Scope
from snaptui.model.domain import DomainKey
from snaptui.model.files import CopyFormat
from snaptui.model.group_mark import Group
from snaptui.model.image import ImageKey, NotKnown, PlacedEntry
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.checks.free_space import Room
from snaptui.plan.loss import NOTHING_LOST, Loss
from snaptui.plan.outcome import NO_SPACE, After, End, Space, Undo, UndoBy, after, undo
from snaptui.plan.refusal import UNTOLD, Refusal
from snaptui.plan.remark import Remark
from snaptui.plan.steps.domain import DomainStep
from snaptui.plan.steps.image import ImageStep

Step = DomainStep | ImageStep


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """Take a snapshot.

    Attributes:
        disks: what was chosen for single disks: whether they take part, and the overlay; of
            the others the form says it.
        memory_path: file for the RAM; empty for one beside the first disk.
        quiesce, halt, live, reuse: as in :class:`NewSnapshot`; heeded where they make sense.
        group: what it is taken together with.
    """

    key: DomainKey
    name: str
    description: str
    form: Form = Form.INTERNAL
    disks: tuple[SnapshotDisk, ...] = ()
    memory_path: str = ""
    quiesce: bool = False
    halt: bool = False
    live: bool = False
    reuse: bool = False
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class RevertIntent:
    """Go back to a snapshot.

    Attributes:
        safety: the snapshot to take before; ``None`` for the one that suits the guest.
        reset_nvram: the UEFI variables start from their template (virDomainRevertToSnapshot).
    """

    key: DomainKey
    name: str
    state: RunState = RunState.RECORDED
    safety: SafetyKind | None = None
    reset_nvram: bool = False


@dataclass(frozen=True, slots=True)
class DeleteIntent:
    """Delete a snapshot, what is below it, or both.

    Attributes:
        metadata_only: only libvirt's records go; the data stay where they are.
    """

    key: DomainKey
    name: str
    scope: Scope = Scope.THIS
    metadata_only: bool = False


@dataclass(frozen=True, slots=True)
class DeleteManyIntent:
    """Delete several snapshots of a domain, and nothing else.

    Attributes:
        unmanaged: those of them that only the images know.
        metadata_only: as in :class:`DeleteIntent`.
        listed: by name, the hashes of the XML of those that were chosen from a list: another one
            of the same name is not meant.
    """

    key: DomainKey
    names: tuple[str, ...]
    unmanaged: tuple[str, ...] = ()
    metadata_only: bool = False
    listed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EditIntent:
    """Give a snapshot another description, or another name; what holds it stays.

    Attributes:
        new_name: the other name; empty when it keeps its own.
    """

    key: DomainKey
    name: str
    description: str
    new_name: str = ""


@dataclass(frozen=True, slots=True)
class HoldIntent:
    """Hold a snapshot, so that it cannot be deleted, or release it.

    Attributes:
        hold: ``False`` to release it.
    """

    key: DomainKey
    name: str
    hold: bool


@dataclass(frozen=True, slots=True)
class AdoptIntent:
    """Register an unmanaged snapshot."""

    key: DomainKey
    name: str


@dataclass(frozen=True, slots=True)
class RelocateIntent:
    """Let a snapshot's record say where its images are now."""

    key: DomainKey
    name: str


@dataclass(frozen=True, slots=True)
class MergeIntent:
    """Merge an overlay that no snapshot names into the image beneath.

    Attributes:
        path: the overlay.
    """

    key: DomainKey
    path: str


@dataclass(frozen=True, slots=True)
class ThawIntent:
    """Thaw the file systems of a guest."""

    key: DomainKey


@dataclass(frozen=True, slots=True)
class ImageCreate:
    """Add an entry to an image that no domain uses."""

    key: ImageKey
    name: str


@dataclass(frozen=True, slots=True)
class ImageApply:
    """Make the disk in such an image as an entry has it.

    Attributes:
        safety: an entry of the disk as it is now is made first.
    """

    key: ImageKey
    placed: PlacedEntry
    safety: bool = True


@dataclass(frozen=True, slots=True)
class ImageDelete:
    """Delete entries of such an image."""

    key: ImageKey
    placed: tuple[PlacedEntry, ...]


@dataclass(frozen=True, slots=True)
class ImageExtract:
    """Copy an entry of any image to a new file.

    Attributes:
        target: path of the file.
        needs: bytes that it takes, as they were measured; ``None`` before.
    """

    key: ImageKey
    placed: PlacedEntry
    target: str
    form: CopyFormat = CopyFormat.QCOW2
    needs: int | NotKnown | None = None

    @property
    def folder(self) -> str:
        """The directory that the file will be in."""
        return self.target.rpartition("/")[0] or "/"


@dataclass(frozen=True, slots=True)
class RemoveLeftover:
    """Remove a whole image: an overlay that nothing names.

    Attributes:
        aside: the name that it is given first.
    """

    key: ImageKey
    aside: str


DomainIntent = (
    CreateIntent
    | RevertIntent
    | DeleteIntent
    | DeleteManyIntent
    | EditIntent
    | HoldIntent
    | AdoptIntent
    | RelocateIntent
    | MergeIntent
    | ThawIntent
)
ImageIntent = ImageCreate | ImageApply | ImageDelete | ImageExtract | RemoveLeftover
Intent = DomainIntent | ImageIntent


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen, what it costs, what speaks against it, and how it is done.

    Attributes:
        after: the end state.
        lost: what is lost.
        undo: whether and how it can be undone.
        space: what it needs and what is free.
        refusals: why it cannot be done, each with the way round; any one forbids it.
        warnings: what it breaks or leaves behind, by name.
        changes: what of the domain's configuration becomes as it was, one by one.
        unchecked: what could not be checked, with the reason.
        lines: the lines for a shell; of a refused plan, those that snaptui does not run.
        steps: what is done, in order; of a refused plan, what is not.
        type_name: it is confirmed by typing the name of what it is about, not by a key alone.
        notes: what happens on the way, that is neither good nor bad.
        room: what it needs at once, where that can be more than next to nothing.
    """

    intent: Intent
    verb: str
    title: str
    after: After
    lost: Loss
    undo: Undo
    space: Space
    refusals: tuple[Refusal, ...]
    warnings: tuple[Remark, ...]
    unchecked: tuple[Remark, ...]
    lines: tuple[str, ...]
    steps: tuple[Step, ...]
    type_name: bool
    changes: tuple[str, ...] = ()
    notes: tuple[Remark, ...] = ()
    room: Room | None = None

    def __post_init__(self) -> None:
        """What several disks or snapshots have in common is said once."""
        for name in ("refusals", "warnings", "unchecked", "changes", "notes"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))

    @property
    def lines_told(self) -> tuple[str, ...]:
        """The lines that are shown: none that would end a program or take the images away."""
        return () if UNTOLD & {one.harm for one in self.refusals} else self.lines

    @property
    def possible(self) -> bool:
        """Whether it may be confirmed at all."""
        return not self.refusals and bool(self.steps)


def impossible(intent: Intent, verb: str, title: str, why: Refusal) -> Plan:
    """A plan that does nothing, because what it is about is not there or not known."""
    return Plan(
        intent=intent,
        verb=verb,
        title=title,
        after=after(End.NOTHING_CHANGES),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.NOT_NEEDED),
        space=NO_SPACE,
        refusals=(why,),
        warnings=(),
        unchecked=(),
        lines=(),
        steps=(),
        type_name=True,
    )
