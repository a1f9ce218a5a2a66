"""What a plan loses: data, and the sentences made from it at the end."""

from __future__ import annotations

from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.choices import SafetyKind
from snaptui.model.image import NotKnown


@dataclass(frozen=True, slots=True)
class NothingLost:
    """Nothing is."""

    @property
    def words(self) -> str:
        """The line of the dialog."""
        return "nothing"


@dataclass(frozen=True, slots=True)
class WritesLost:
    """What a revert gives up, for good or until it is undone.

    Attributes:
        written: bytes of data that no snapshot holds.
        at_least: it may be more: the guest goes on writing, or when its image was written to last
            cannot be told.
        disks: targets that were written to.
        since: when the current snapshot was made; ``None`` without one.
        whole: all that the disks hold now, not only what was written since.
        memory: a guest runs, and its RAM is given up.
        changes: number of changes of the configuration.
        kept: what the safety snapshot holds.
    """

    written: int | NotKnown
    at_least: bool
    disks: tuple[str, ...]
    since: int | None
    unsaved: bool
    whole: bool
    memory: bool
    changes: int | NotKnown
    kept: SafetyKind

    @property
    def words(self) -> str:
        """The line of the dialog."""
        rest = [self._changes] if self._changes else []
        if self.whole or self.written:
            return self._of([self._data], rest)
        return f"{self._of([], rest) or 'nothing'}; {self._none}"

    def _of(self, data: list[str], rest: list[str]) -> str:
        memory = ["the running memory"] if self.memory else []
        if self.kept is SafetyKind.NONE:
            return ", ".join([*data, *memory, *rest])
        for_good = [] if self.kept is SafetyKind.DISKS_AND_RAM else memory
        undone = ", ".join([*data, *(memory if not for_good else []), *rest])
        parts = [f"{one} for good" for one in for_good]
        return "; ".join([*parts, *([_unless_undone(undone)] if undone else [])])

    @property
    def _data(self) -> str:
        if self.whole:
            hold = f"hold{'s' * (len(self.disks) == 1)}"
            return f"all that {', '.join(self.disks)} {hold} now"
        moment = " and in no snapshot" if self.unsaved else f" since {text.when(self.since)}"
        return f"{self._written} to {', '.join(self.disks) or 'its disks'}{moment}"

    @property
    def _none(self) -> str:
        disks = ", ".join(self.disks) or "its disks"
        counted = ", as far as counted" if self.at_least else ""
        if self.unsaved:
            return f"all data of {disks} is in snapshots{counted}"
        return f"no data was written to {disks} since {text.when(self.since)}{counted}"

    @property
    def _written(self) -> str:
        if isinstance(self.written, NotKnown):
            return "all written"
        return f"{text.size(self.written)}{' or more' if self.at_least else ''} written"

    @property
    def _changes(self) -> str:
        if isinstance(self.changes, NotKnown):
            return "configuration changes since then, if any"
        return text.count(self.changes, "configuration change") if self.changes else ""


@dataclass(frozen=True, slots=True)
class EntryWritesLost:
    """What applying an entry of an image gives up.

    Attributes:
        written: bytes of data that no snapshot holds.
        as_now: the snapshot that holds all of it; empty when none does.
        kept: an entry of now is made first.
        at_least: it may be more: when the image was written to last cannot be told.
    """

    written: int | NotKnown
    as_now: str
    kept: bool
    at_least: bool = False

    @property
    def words(self) -> str:
        """The line of the dialog."""
        if self.as_now:
            return f"nothing that {self.as_now} does not hold"
        if not self.written:
            counted = ", as far as counted" if self.at_least else ""
            return f"nothing; all its data is in snapshots{counted}"
        return _unless_undone(self._since) if self.kept else self._since

    @property
    def _since(self) -> str:
        if isinstance(self.written, NotKnown):
            return f"all written that no snapshot holds: ? ({self.written.reason})"
        more = " or more" if self.at_least else ""
        return f"{text.size(self.written)}{more} that no snapshot holds"


@dataclass(frozen=True, slots=True)
class SnapshotsLost:
    """Snapshots that are deleted.

    Attributes:
        names: of several, as they are shown.
        created: when the only one was made, seconds since the epoch; ``None`` when not known.
        read_at: when that was read.
        memory: it holds RAM.
        merged: what was written since is merged, so that only the way back is lost.
        unmanaged: only an image knows it.
        one_disk: it is of an image, not of a domain.
    """

    names: tuple[str, ...]
    created: int | None = None
    read_at: float = 0
    memory: bool = False
    merged: bool = False
    unmanaged: bool = False
    one_disk: bool = False

    @property
    def words(self) -> str:
        """The line of the dialog."""
        if len(self.names) != 1:
            return f"{text.count(len(self.names), 'snapshot')}: {', '.join(self.names)}"
        if self.unmanaged:
            return f"its disks as of {text.when(self.created)}"
        made = f"{text.when(self.created)} ({text.age(self.created, self.read_at)})"
        if self.merged:
            ram = " and its saved RAM" if self.memory else ""
            return f"the way back to {made}{ram}; later writes are merged, not lost"
        disks = "disk" if self.one_disk else "disks"
        return f"the state of {made}: {disks}{' and RAM' if self.memory else ''}"


@dataclass(frozen=True, slots=True)
class MetadataLost:
    """libvirt's records of snapshots are dropped, and no data."""

    @property
    def words(self) -> str:
        """The line of the dialog."""
        return "its metadata (time, parent, description, configuration), no data"


@dataclass(frozen=True, slots=True)
class TextLost:
    """A name or a description is replaced.

    Attributes:
        name: it is the name.
    """

    name: bool

    @property
    def words(self) -> str:
        """The line of the dialog."""
        return f"the old {'name' if self.name else 'description'}"


@dataclass(frozen=True, slots=True)
class FileLost:
    """A whole image is removed.

    Attributes:
        size: bytes that are allocated for it; ``None`` when it cannot be read.
        snapshots: how many lie inside.
        own: bytes of the disk that it holds by itself and no image beneath it has.
    """

    size: int | None
    snapshots: int = 0
    own: int | NotKnown = 0

    @property
    def words(self) -> str:
        """The line of the dialog."""
        if self.size is None:
            return "the whole file"
        inside = f", {text.count(self.snapshots, 'snapshot')} inside" if self.snapshots else ""
        own = ""
        if isinstance(self.own, NotKnown):
            own = f"; how much of it no other image has: ? ({self.own.reason})"
        elif self.own:
            own = f", {text.size(self.own)} of it data that no other image has"
        return f"{text.size(self.size)} written to it{inside}{own}"


@dataclass(frozen=True, slots=True)
class SeveralLost:
    """What each of several plans loses, by what it is about."""

    parts: tuple[tuple[str, Loss], ...]

    @property
    def words(self) -> str:
        """The line of the dialog."""
        return "; ".join(f"{name}: {loss.words}" for name, loss in self.parts)


def _unless_undone(words: str) -> str:
    return f"{words}, unless you undo it"


Loss = (
    NothingLost
    | WritesLost
    | EntryWritesLost
    | SnapshotsLost
    | MetadataLost
    | TextLost
    | FileLost
    | SeveralLost
)
NOTHING_LOST = NothingLost()
