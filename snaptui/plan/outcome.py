"""What a plan promises: the end state, how it can be undone, the space that it takes and gives.

All of it is data; the sentences of the dialog are made from it at the end.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.domain import DomainState
from snaptui.model.image import FileSystem, NotKnown
from snaptui.plan.words.sentence import Names, filled, named


@enum.unique
class End(enum.Enum):
    """What is true after a plan; the value is the sentence."""

    NOTHING_CHANGES = "nothing changes"
    REVERTED = "After this {domain} will be {shown}, {how} {moment}{reset}"
    TAKEN_OFF = "{domain} stays {shown}. The snapshot holds its disks."
    TAKEN_AND_HALTED = "{domain} is SHUT OFF when {saved}. The snapshot holds its disks and RAM."
    TAKEN_PAUSED = "{domain} stays paused. The snapshot holds its disks and RAM."
    TAKEN_RUNNING = (
        "{domain} keeps running, but is PAUSED while {saved} ({pause}). The snapshot holds its "
        "disks and RAM."
    )
    OVERLAYS_OFF = "{domain} stays {shown}; {files}"
    OVERLAYS_AND_HALTED = "{domain} is SHUT OFF when {saved}; {files}"
    OVERLAYS_ALONE = "{domain} {stays}{frozen}, its RAM is not saved; {files}"
    OVERLAYS_PAUSED = "{domain} stays paused; {saved}, {files}"
    OVERLAYS_LIVE = "{domain} keeps running while {saved}; {files}"
    OVERLAYS_RUNNING = "{domain} is PAUSED while {saved} ({pause}), then runs; {files}"
    DELETED = "{domain} does not change; it keeps {left}."
    DELETED_CURRENT = (
        "{domain} does not change; it keeps {left}. The current one becomes {current}."
    )
    ADOPTED = (
        "libvirt will know {name} as a snapshot of {disks}, taken {moment}. The images do not "
        "change."
    )
    RELOCATED = "libvirt will find {name} where it is: {places}. Nothing else of it changes."
    MERGED = "{domain} does not change; {disk} then writes to {lower}."
    MERGED_BENEATH = "{domain} does not change; what the overlay held is then in {lower}."
    DESCRIBED = "{name} gets the new description. Nothing else of it changes."
    RENAMED = (
        "{name} is renamed to {new_name}. Its place, time, data and descendants do not change."
    )
    HELD = (
        "snaptui will not delete {name} until it is released; virsh and other tools still can. "
        "The mark is in its description."
    )
    RELEASED = "{name}{by} can be deleted again."
    THAWED = "The file systems of {domain} accept writes again, and what waits for them continues."
    ENTRY_TAKEN = "{image} does not change. The snapshot holds its disk."
    ENTRY_APPLIED = "After this the disk in {image} will be as on {moment}"
    ENTRIES_DELETED = "The disk in {image} does not change; it keeps {left}."
    EXTRACTED = "A new {form} file (mode 0600) holds the disk as on {moment}. Nothing else changes."
    LEFTOVER_REMOVED = "{path} is removed. Its backing file stays."
    DELETED_IN_TURN = "Domains run one by one. A failure stops that domain only."
    TAKEN_TOGETHER = (
        "All guests are frozen, all snapshots taken, and all guests thawed, after 10 s at most."
    )
    TAKEN_ALL_OR_NONE = (
        "All or none: if one cannot be taken, snaptui deletes the others again, on a lost host "
        "when it answers."
    )
    TAKEN_AT_ONCE = "{at_once} at a time. A failure stops none of the others."
    REVERTED_ON_HOSTS = (
        "All at the same time, once each can be undone. What is reverted then stays so if another "
        "host is lost."
    )
    REVERTED_TOGETHER = (
        "All at the same time, once each can be undone. If one cannot, none is reverted."
    )


@dataclass(frozen=True, slots=True)
class After:
    """The end state.

    Attributes:
        state: what the domain does then; ``None`` where it is about none or several, or libvirt
            does not document it.
        names: what stands for the names in the sentence of :attr:`end`.
    """

    end: End
    state: DomainState | None = None
    names: Names = ()

    @property
    def words(self) -> str:
        """The same as a sentence."""
        return filled(self.end, self.names)


def after(end: End, state: DomainState | None = None, /, **names: object) -> After:
    """The end state; ``names`` are those in the sentence of ``end``."""
    return After(end, state, named(names))


@enum.unique
class UndoBy(enum.Enum):
    """How something is undone, or why it cannot be; the value is the sentence."""

    NOT_NEEDED = "not needed"
    DELETE = "yes, by deleting the snapshot"
    DELETE_ONCE_PLACED = "by deleting the snapshot once the pool {pool} is active"
    DELETES = "yes, by deleting the snapshots"
    MERGE = "yes, by deleting it, which merges the overlays back unless others use the images"
    MERGE_ONCE_ALONE = "only once the internal snapshot {parent} or its metadata is deleted"
    MERGE_ONCE_UNSHARED = "by deleting it, but only once nothing else uses {path}: {users}"
    MERGE_ONCE_RUN = "by deleting it once {domain} has run; until then QEMU may refuse"
    MERGE_ONCE_OPENED = "by deleting it, but not as it is now: {fact}"
    MERGE_ONCE_PLACED = "by deleting it once the pool {pool} is active, or while {domain} runs"
    NO_MERGE = "NO, {version} cannot delete external snapshots"
    DELETE_METADATA = "yes, by deleting its metadata"
    DELETE_FILE = "yes, by deleting the new file"
    SAME_KEY = "yes, by the same key; the XML is saved before"
    REDEFINE = "yes, virsh snapshot-create --redefine with the XML that is saved before"
    REDEFINE_CURRENT = (
        "yes, virsh snapshot-create --redefine with the XML that is saved before, and with "
        "--current for the one that is current now"
    )
    REDEFINE_RUNNING = (
        "yes, once {domain} runs: virsh snapshot-create --redefine with the XML that is saved "
        "before"
    )
    DISKS = "yes, disks"
    DISKS_POWERED_OFF = "yes, disks only ({domain} is powered off first)"
    DISKS_AND_RAM = "yes, disks and RAM"
    ONCE_ATTACHED = "only once {disks}, which the revert detaches, is attached again as it is now"
    APPLY = "yes, by applying {name}"
    EACH = "yes, each by a safety snapshot of its own"
    CHOOSE = "choose a safety snapshot above"
    NO_SAFETY_WANTED = "NO, no safety snapshot is taken"
    NO_SAFETY_POSSIBLE = "NO, no safety snapshot can be taken: {reason}"
    NO_WRITTEN_OVER = "NO, a snapshot of now would lie upon {path}, which the revert overwrites"
    NO_DELETED = "NO, a deleted snapshot cannot be restored"
    NO_DELETED_ALL = "NO, deleted snapshots cannot be restored"
    NO_MERGED = "NO, a merge cannot be undone"
    NO_REMOVED = "NO, a removed file cannot be restored"
    NO_FOR_SOME = "NO for {names}"


_IMPOSSIBLE = frozenset(
    {
        UndoBy.NO_SAFETY_WANTED,
        UndoBy.NO_SAFETY_POSSIBLE,
        UndoBy.NO_WRITTEN_OVER,
        UndoBy.NO_DELETED,
        UndoBy.NO_DELETED_ALL,
        UndoBy.NO_MERGE,
        UndoBy.NO_MERGED,
        UndoBy.NO_REMOVED,
        UndoBy.NO_FOR_SOME,
    }
)


_BY_SAFETY = frozenset({UndoBy.DISKS, UndoBy.DISKS_POWERED_OFF, UndoBy.DISKS_AND_RAM})


@dataclass(frozen=True, slots=True)
class Undo:
    """Whether and how a plan can be undone; ``names`` as in :class:`After`."""

    by: UndoBy
    names: Names = ()

    @property
    def impossible(self) -> bool:
        """Whether something is lost for good."""
        return self.by in _IMPOSSIBLE

    @property
    def by_safety(self) -> bool:
        """Whether a safety snapshot takes it back."""
        return self.by in _BY_SAFETY

    @property
    def words(self) -> str:
        """The same as a sentence."""
        return filled(self.by, self.names)


def undo(by: UndoBy, /, **names: object) -> Undo:
    """How it is undone; ``names`` are those in the sentence of ``by``."""
    return Undo(by, named(names))


class When(enum.Enum):
    """When space is needed; the value is the word behind the figure."""

    ALL_ALONG = ""
    NOW = " now"
    FIRST = " first"


class Then(enum.Enum):
    """What becomes of the images; the value is the end of the line."""

    NOTHING = ""
    OVERLAYS_GROW = "; overlays grow"
    SHRINK = "; the images shrink"
    INSIDE = "; it stays inside the image on its device, the host gets nothing"
    MAY_KEEP = "; the images may keep it for their next writes"


@dataclass(frozen=True, slots=True)
class Space:
    """What a plan takes and gives, in bytes, on the fullest file system that it is about.

    Attributes:
        needs: at most; ``None`` where there is nothing to say of it.
        exact: it needs just that.
        when: when it needs that.
        frees: ``None`` where it is not about freeing.
        shown: whether what is free is part of the line.
        free: ``None`` when not known.
        size: of the file system; ``None`` when not known or not said.
        by_place: by file system, what is freed there, in words; of several plans.
    """

    needs: int | NotKnown | None = None
    exact: bool = False
    when: When = When.ALL_ALONG
    frees: int | NotKnown | None = None
    shown: bool = True
    free: int | None = None
    size: int | None = None
    then: Then = Then.NOTHING
    by_place: str = ""

    @property
    def words(self) -> str:
        """The line of the dialog."""
        if self.by_place:
            return self.by_place
        parts = [words for words in (self._needs, self._frees) if words]
        line = ", then ".join(parts)
        if self.shown:
            of = f" of {text.size(self.size)}" if self.size is not None else ""
            line += f", free {text.size(self.free)}{of}"
        return line + self.then.value

    @property
    def _needs(self) -> str:
        if self.needs is None:
            return ""
        if isinstance(self.needs, NotKnown):
            return f"needs ?{self.when.value}"
        exactly = "" if self.exact else "up to "
        nothing = "almost nothing" if self.shown else "nothing"
        need = f"{exactly}{text.size(self.needs)}" if self.needs else nothing
        return f"needs {need}{self.when.value}"

    @property
    def _frees(self) -> str:
        if self.frees is None:
            return ""
        if isinstance(self.frees, NotKnown):
            return f"frees ? ({self.frees.reason})"
        return f"frees {text.size(self.frees)}" if self.frees else "frees nothing"


NO_SPACE = Space(needs=0, shown=False)
FREES_NONE = Space(frees=0, shown=False)


def space_on(
    place: FileSystem | NotKnown | None,
    needs: int | NotKnown | None = None,
    *,
    when: When = When.ALL_ALONG,
    frees: int | NotKnown | None = None,
) -> Space:
    """The same for one file system."""
    if not isinstance(place, FileSystem):
        return Space(needs, when=when, frees=frees)
    return Space(needs, when=when, frees=frees, free=place.free, size=place.size)
