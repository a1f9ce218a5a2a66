"""What the clusters of a qcow2 image are used for, and what deleting snapshots frees.

All sizes are bytes, multiples of the cluster size.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.image import ImageSnapshot, NotKnown

NOT_IN_CLUSTERS = NotKnown("written to, but only by what takes no cluster, as zeros and discards")


@dataclass(frozen=True, slots=True)
class SnapshotUsage:
    """The share of one entry of the snapshot table.

    Attributes:
        refers: all that it reaches: data, VM state, its L2 tables and its L1 table.
        growth: what it reaches and no older one does.
        frees: what only it reaches, and of the table: what deleting it frees.
        frees_with_older: what deleting it and all older ones together frees.
    """

    refers: int
    growth: int
    frees: int
    frees_with_older: int


@dataclass(frozen=True, slots=True)
class Usage:
    """How the clusters of an image are used.

    Attributes:
        cluster_size: bytes.
        allocated: of all clusters in use, leaked ones too.
        active: what only the disk as it is now reaches.
        metadata: header, refcounts, snapshot table, bitmaps, LUKS header.
        leaked: in use by the refcounts, but reached by nothing; ``None`` when the refcounts
            are known to be stale (lazy refcounts, not closed).
        wrong: number of clusters whose refcount is not what reaches them. An image in use
            may have some for a moment.
        snapshots: in the order of the snapshot table, which is that of their making.
        shared: by set of those that reach them, clusters. A set is a number: bit ``i`` for
            the snapshot ``i``, the highest bit for the disk as it is now.
        stuck: of :attr:`shared`, those clusters whose refcount is higher than what reaches them:
            no delete frees them.
        highest_refcount: of all clusters; ``None`` when the refcounts are stale.
        refcount_limit: the highest that the image can hold (its ``refcount_order``).
        entry_sizes: bytes of each entry of the snapshot table, a multiple of 8 (qcow2.txt).
        own_tables: of :attr:`active`, the L1 and L2 tables.
        own_l2: some of these are L2 tables of the disk, so that something was written.
    """

    cluster_size: int
    allocated: int
    active: int
    metadata: int
    leaked: int | None
    wrong: int
    snapshots: tuple[SnapshotUsage, ...]
    shared: Mapping[int, int]
    stuck: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    highest_refcount: int | None = None
    refcount_limit: int = 65535
    entry_sizes: tuple[int, ...] = ()
    own_tables: int = 0
    own_l2: bool = False

    @property
    def unsaved(self) -> int | NotKnown:
        """Data that only the disk as it is now has: of :attr:`active`, what is no table.

        QEMU copies the L1 table when it takes or applies a snapshot, and an L2 table at the first
        write below it (block/qcow2-cluster.c, get_cluster_table). A table of its own without data
        of its own was changed by something that no cluster shows.
        """
        data = max(0, self.active - self.own_tables)
        return NOT_IN_CLUSTERS if not data and self.own_l2 else data

    @property
    def snapshots_left(self) -> int | None:
        """How many more snapshots its refcounts can hold, about; ``None`` when not known.

        Each adds as much to the refcount of a cluster as the disk does: one, or one for each
        piece of compressed data in it.
        """
        if self.highest_refcount is None:
            return None
        each = max(1, -(-self.highest_refcount // (len(self.snapshots) + 1)))
        return max(0, self.refcount_limit - self.highest_refcount) // each

    @property
    def snapshots_only(self) -> int:
        """What snapshots reach and the disk as it is now does not."""
        here = 1 << len(self.snapshots)
        return self.cluster_size * sum(
            count for reached_by, count in self.shared.items() if not reached_by & here
        )

    @property
    def disk_now(self) -> int:
        """All that the disk as it is now reaches, alone or with snapshots."""
        return self.allocated - self.metadata - (self.leaked or 0) - self.snapshots_only

    def frees(self, chosen: Collection[int]) -> int:
        """What deleting these snapshots together frees: more than the sum of each alone.

        Args:
            chosen: their places in :attr:`snapshots`.
        """
        gone = sum(self.entry_sizes[place] for place in set(chosen)) if self.entry_sizes else 0
        table = table_frees(sum(self.entry_sizes), gone, self.cluster_size)
        return self._alone(chosen) + self.cluster_size * table

    def _alone(self, chosen: Collection[int]) -> int:
        """What these reach and nothing else does."""
        others = ~sum(1 << place for place in set(chosen))
        return self.cluster_size * sum(
            count - self.stuck.get(reached_by, 0)
            for reached_by, count in self.shared.items()
            if not reached_by & others
        )


def table_frees(entries: int, gone: int, cluster_size: int) -> int:
    """Clusters that the snapshot table takes less: QEMU writes it anew, or none for no entry.

    Args:
        entries: bytes of all of its entries.
        gone: bytes of those that are deleted.
    """
    return -(-entries // cluster_size) - -(-(entries - gone) // cluster_size)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What an overlay holds, beside what the images beneath it hold.

    Attributes:
        lower: path of the image beneath.
        lower_raw: it is a raw image.
        both: data of the overlay for which the image beneath has the space already.
        only_upper: data of the overlay for which it has not: what it must grow by, in its own
            units, when the overlay is merged into it.
        zeros_both, zeros_only_upper: the same for what the overlay only says is zero.
        deeper: ``only_upper`` and ``zeros_only_upper`` for the images beneath that one, as far
            as they were compared: by how much more each must grow when all that lies between
            it and the overlay is merged into it, and the overlay too.
        approximate: the image beneath has holes, and from here it cannot be seen where: it may
            have less space than its tables say.
    """

    lower: str
    lower_raw: bool
    both: int
    only_upper: int
    zeros_both: int
    zeros_only_upper: int
    deeper: tuple[tuple[int, int], ...] = ()
    approximate: bool = False


DOUBTS: Mapping[bool | None, str] = MappingProxyType(
    {
        True: "the image is in use, and QEMU had not written all of its tables when it was read",
        False: "its refcounts do not add up, and no QEMU writes to it: qemu-img check says more",
        None: "its refcounts do not add up: the image is in use, or damaged",
    }
)
"""Why figures of an image are approximate, by whether it was in use."""


@dataclass(frozen=True, slots=True)
class ImageUsage:
    """What was counted of one image file.

    Attributes:
        entries: the snapshot table; in the order of :attr:`Usage.snapshots`.
        virtual_size: of the disk as the guest sees it.
        file_size: length of the file.
        disk_size: what the file takes on its file system.
        approximate: what was read did not add up twice, or changed meanwhile.
        in_use: a QEMU wrote to it before or after; ``None`` when not known.
        written: when the file had been written to last, as it was counted, seconds since the
            epoch; ``None`` for what is no file of this machine.
        counted_at: seconds since the epoch.
        backing: the image beneath; ``None`` without one.
        overlap: of an overlay, where it was asked for.
        given_back: whether its file system takes back what is freed inside of the file, so
            that this shrinks; ``None`` when not known.
    """

    path: str
    entries: tuple[ImageSnapshot, ...]
    usage: Usage
    virtual_size: int
    file_size: int
    disk_size: int
    approximate: bool
    counted_at: float
    backing: str | NotKnown | None = None
    overlap: Overlap | NotKnown | None = None
    given_back: bool | None = None
    in_use: bool | None = None
    written: float | None = None
    _places: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places: dict[str, tuple[int, ...]] = {}
        for at, entry in enumerate(self.entries):
            places[entry.name] = (*places.get(entry.name, ()), at)
        object.__setattr__(self, "_places", places)

    def places(self, name: str) -> tuple[int, ...]:
        """Where entries of a name are; several for twins."""
        return self._places.get(name, ())
