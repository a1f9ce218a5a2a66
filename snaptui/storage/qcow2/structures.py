"""What the head and the snapshot table of a qcow2 image say; names as in QEMU's document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CRYPT_NONE: Final = 0
CRYPT_AES: Final = 1
CRYPT_LUKS: Final = 2

INCOMPATIBLE_DIRTY: Final = 1 << 0
INCOMPATIBLE_CORRUPT: Final = 1 << 1
INCOMPATIBLE_DATA_FILE: Final = 1 << 2
INCOMPATIBLE_COMPRESSION: Final = 1 << 3
INCOMPATIBLE_EXTENDED_L2: Final = 1 << 4
INCOMPATIBLE_KNOWN: Final = (1 << 5) - 1
COMPATIBLE_LAZY_REFCOUNTS: Final = 1 << 0
AUTOCLEAR_BITMAPS: Final = 1 << 0
AUTOCLEAR_RAW_DATA_FILE: Final = 1 << 1

COMPRESSIONS: Final = ("zlib", "zstd")
"""The names of the compression types, by their number."""


@dataclass(frozen=True, slots=True)
class Bitmaps:
    """Where the directory of the persistent bitmaps is."""

    nb_bitmaps: int
    bitmap_directory_size: int
    bitmap_directory_offset: int


@dataclass(frozen=True, slots=True)
class LuksPointer:
    """Where the LUKS header is."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Header:
    """A checked qcow2 header, its fields named as in QEMU's document.

    Attributes:
        cluster_bits: log2 of the cluster size, 9 to 21.
        virtual_size: of the disk as the guest sees it now.
        crypt_method: `CRYPT_NONE`, `CRYPT_AES` or `CRYPT_LUKS`.
        l1_size: *entries* (8 bytes each) of the active L1 table.
        refcount_order: log2 of a refcount's width in bits, 0 to 6.
        compression_type: index into `COMPRESSIONS`.
        backing_file: its name as the image spells it; ``None`` without one.
        backing_format: its format if the image says it.
        data_file: the external data file's name if the image says it.
        bitmaps: the persistent bitmaps; ``None`` also when they are not consistent.
        luks: the LUKS header; ``None`` for other images.
    """

    version: int
    cluster_bits: int
    virtual_size: int
    crypt_method: int
    l1_size: int
    l1_table_offset: int
    refcount_table_offset: int
    refcount_table_clusters: int
    nb_snapshots: int
    snapshots_offset: int
    incompatible_features: int
    compatible_features: int
    autoclear_features: int
    refcount_order: int
    header_length: int
    compression_type: int
    backing_file: bytes | None
    backing_format: str | None
    data_file: bytes | None
    bitmaps: Bitmaps | None
    luks: LuksPointer | None

    @property
    def cluster_size(self) -> int:
        """Bytes of a cluster."""
        return 1 << self.cluster_bits

    @property
    def l2_entry_size(self) -> int:
        """Bytes of an L2 entry: 8, or 16 with extended L2 entries."""
        return 16 if self.extended_l2 else 8

    @property
    def l2_entries(self) -> int:
        """Entries of an L2 table, which is always one cluster."""
        return self.cluster_size // self.l2_entry_size

    @property
    def refcount_bits(self) -> int:
        """Width of a refcount."""
        return 1 << self.refcount_order

    @property
    def dirty(self) -> bool:
        """Whether the refcounts may be stale (lazy refcounts, image in use or not closed)."""
        return bool(self.incompatible_features & INCOMPATIBLE_DIRTY)

    @property
    def corrupt(self) -> bool:
        """Whether QEMU has found the image corrupt and refuses to write to it."""
        return bool(self.incompatible_features & INCOMPATIBLE_CORRUPT)

    @property
    def encrypted(self) -> bool:
        """Whether the guest's data are encrypted."""
        return self.crypt_method != CRYPT_NONE

    @property
    def external_data_file(self) -> bool:
        """Whether the guest's data are in another file."""
        return bool(self.incompatible_features & INCOMPATIBLE_DATA_FILE)

    @property
    def extended_l2(self) -> bool:
        """Whether L2 entries have subclusters."""
        return bool(self.incompatible_features & INCOMPATIBLE_EXTENDED_L2)

    @property
    def lazy_refcounts(self) -> bool:
        """Whether refcounts are written late while the image is in use."""
        return bool(self.compatible_features & COMPATIBLE_LAZY_REFCOUNTS)

    @property
    def raw_data_file(self) -> bool:
        """Whether the external data file is a raw image by itself."""
        return bool(self.autoclear_features & AUTOCLEAR_RAW_DATA_FILE)

    @property
    def compression(self) -> str:
        """Name of the compression of compressed clusters."""
        return COMPRESSIONS[self.compression_type]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the snapshot table.

    Its L1 table is *not* checked: a snapshot that cannot be walked must still be seen
    (`check_table` checks it, as QEMU does when the snapshot is used).

    Attributes:
        id_bytes: the ID as QEMU compares it: up to the first NUL.
        name_bytes: the name, likewise; QEMU may have cut it inside a character.
        created: seconds since the epoch.
        created_nsec: nanoseconds to add to it.
        vm_clock_ns: for how long the guest had been running.
        vm_state_size: of the VM state; 0 without one.
        virtual_size: of the disk when the snapshot was taken.
        l1_offset: where its L1 table starts.
        l1_entries: entries (8 bytes each) of its L1 table.
        icount: the guest's instruction count; ``None`` when none was recorded.
        end: the byte of the file at which its part of the table ends.
    """

    id_bytes: bytes
    name_bytes: bytes
    created: int
    created_nsec: int
    vm_clock_ns: int
    vm_state_size: int
    virtual_size: int
    l1_offset: int
    l1_entries: int
    icount: int | None
    end: int

    @property
    def id(self) -> str:
        """The ID as text; bytes that are not UTF-8 become U+FFFD."""
        return self.id_bytes.decode(errors="replace")

    @property
    def name(self) -> str:
        """The name as text; bytes that are not UTF-8 become U+FFFD."""
        return self.name_bytes.decode(errors="replace")
