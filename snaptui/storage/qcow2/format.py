"""The head of a qcow2 image and its snapshot table, read with bounds on everything.

The layout is that of QEMU's docs/interop/qcow2.txt; the limits are those with which QEMU
itself opens an image (block/qcow2.h, qcow2_do_open and qcow2_read_extensions in
block/qcow2.c, qcow2_do_read_snapshots in block/qcow2-snapshot.c; 7.2 and later). What QEMU
would refuse is refused here, and so is a table that does not lie inside the file, where
QEMU reads zeros.

All offsets and sizes are bytes unless a name or a docstring says otherwise. Every error is
an `ImageError` that names what is wrong; errors that are already a `SnaptuiError` (of a file
object that reads from another host) pass unchanged.
"""

from __future__ import annotations

from typing import BinaryIO, Final

from snaptui.common.errors import DamagedImage, ImageError
from snaptui.storage.qcow2.reading import Layout, Window
from snaptui.storage.qcow2.structures import (
    AUTOCLEAR_BITMAPS,
    COMPRESSIONS,
    CRYPT_AES,
    CRYPT_LUKS,
    CRYPT_NONE,
    INCOMPATIBLE_COMPRESSION,
    INCOMPATIBLE_EXTENDED_L2,
    INCOMPATIBLE_KNOWN,
    Bitmaps,
    Entry,
    Header,
    LuksPointer,
)

MAGIC: Final = 0x514649FB
MIN_CLUSTER_BITS: Final = 9
MAX_CLUSTER_BITS: Final = 21
L1_ENTRY_SIZE: Final = 8
MAX_L1_SIZE: Final = 32 << 20
MAX_REFCOUNT_TABLE_SIZE: Final = 8 << 20
MAX_SNAPSHOTS: Final = 65536
MAX_SNAPSHOT_TABLE_SIZE: Final = 1024 * MAX_SNAPSHOTS
MAX_SNAPSHOT_EXTRA_DATA: Final = 1024
MAX_BACKING_FILE_NAME: Final = 1023
MAX_BACKING_FORMAT_NAME: Final = 15
MAX_BITMAPS: Final = 65535
MAX_BITMAP_DIRECTORY_SIZE: Final = 1024 * MAX_BITMAPS


_EXTENSION_END: Final = 0
_EXTENSION_BACKING_FORMAT: Final = 0xE2792ACA
_EXTENSION_BITMAPS: Final = 0x23852875
_EXTENSION_LUKS: Final = 0x0537BE77
_EXTENSION_DATA_FILE: Final = 0x44415441
_EXTENSIONS: Final = frozenset(
    {_EXTENSION_BACKING_FORMAT, _EXTENSION_BITMAPS, _EXTENSION_LUKS, _EXTENSION_DATA_FILE}
)


_MAGIC = Layout(magic="I", version="I")
_HEADER_V2 = Layout(
    backing_file_offset="Q",
    backing_file_size="I",
    cluster_bits="I",
    virtual_size="Q",
    crypt_method="I",
    l1_size="I",
    l1_table_offset="Q",
    refcount_table_offset="Q",
    refcount_table_clusters="I",
    nb_snapshots="I",
    snapshots_offset="Q",
)
_HEADER_V3 = Layout(
    incompatible_features="Q",
    compatible_features="Q",
    autoclear_features="Q",
    refcount_order="I",
    header_length="I",
)
_V2_END: Final = _MAGIC.size + _HEADER_V2.size
_V3_END: Final = _V2_END + _HEADER_V3.size
_V2_DEFAULTS: Final = {
    "incompatible_features": 0,
    "compatible_features": 0,
    "autoclear_features": 0,
    "refcount_order": 4,
    "header_length": _V2_END,
}

_EXTENSION = Layout(magic="I", length="I")
_BITMAPS = Layout(
    nb_bitmaps="I", reserved="I", bitmap_directory_size="Q", bitmap_directory_offset="Q"
)
_LUKS = Layout(offset="Q", length="Q")

_SNAPSHOT = Layout(
    l1_offset="Q",
    l1_entries="I",
    id_size="H",
    name_size="H",
    created="I",
    created_nsec="I",
    vm_clock_ns="Q",
    vm_state_size="I",
    extra_size="I",
)
_SNAPSHOT_EXTRA = {"vm_state_size": 0, "virtual_size": 8, "icount": 16}
"""Offsets of the 64-bit fields of a snapshot's extra data, each there if it fits."""

_NO_ICOUNT: Final = (1 << 64) - 1


def check_table(
    what: str, offset: int, length: int, limit: int, cluster_size: int, size: int
) -> None:
    """Check where a table of an image is (qcow2_validate_table in block/qcow2.c).

    Args:
        what: what an error calls it, in the beginning of a sentence.
        offset: where it starts; must be the start of a cluster.
        length: its bytes.
        limit: the most bytes that QEMU allows it.
        cluster_size: of the image.
        size: of the file.

    Raises:
        ImageError: it is too large, or not aligned, or not wholly inside the file.
    """
    if length > limit:
        raise DamagedImage(f"{what} is too large: {length} bytes, and QEMU allows {limit}")
    if offset % cluster_size:
        raise DamagedImage(f"{what} starts at byte {offset}, which is not the start of a cluster")
    # QEMU leaves any offset behind when it writes an empty snapshot table.
    if length and offset + length > size:
        raise DamagedImage(
            f"{what} ends at byte {offset + length}, but the file has only {size} bytes"
        )


def read_header(f: BinaryIO, size: int) -> Header:
    """Read and check the header of a qcow2 image, version 2 or 3.

    Reads `CHUNK` bytes, or as much of the first cluster as its extensions need.

    Args:
        f: the image, opened for reading; it is sought and read, nothing else.
        size: of the file or device in bytes.

    Raises:
        ImageError: not a qcow2 image, or one that QEMU would not open, or a damaged one.
    """
    window = Window(f, size)
    if size < _MAGIC.size:
        raise ImageError(f"Not a qcow2 image: the file has only {size} bytes")
    head = _MAGIC.unpack(window.read(0, _MAGIC.size, "The header"))
    if head["magic"] != MAGIC:
        raise ImageError("Not a qcow2 image: it does not start with the qcow2 magic number")
    version = head["version"]
    if version not in (2, 3):
        raise ImageError(
            f"Not a qcow2 image that can be read: its version is {version}, only 2 and 3 are known"
        )

    fields = _HEADER_V2.unpack(window.read(_MAGIC.size, _HEADER_V2.size, "The header"))
    cluster_bits = fields["cluster_bits"]
    if not MIN_CLUSTER_BITS <= cluster_bits <= MAX_CLUSTER_BITS:
        raise ImageError(f"The header's cluster size is out of range: 2^{cluster_bits} bytes")
    cluster_size = 1 << cluster_bits
    if version == 2:
        fields |= _V2_DEFAULTS
    else:
        fields |= _HEADER_V3.unpack(window.read(_V2_END, _HEADER_V3.size, "The header"))
    header_length = fields["header_length"]
    if version == 3 and not _V3_END <= header_length <= cluster_size:
        raise ImageError(f"The header's own length is out of range: {header_length} bytes")
    _check_incompatible(fields["incompatible_features"], cluster_bits)
    compression_type = _compression_type(window, fields)

    if fields["crypt_method"] not in (CRYPT_NONE, CRYPT_AES, CRYPT_LUKS):
        raise ImageError(f"The encryption method is not known: {fields['crypt_method']}")
    if fields["refcount_order"] > 6:
        raise ImageError(f"The refcounts are too wide: 2^{fields['refcount_order']} bits")
    backing_file_offset = fields.pop("backing_file_offset")
    backing_file_size = fields.pop("backing_file_size")
    if backing_file_offset > cluster_size:
        raise ImageError(f"The backing file's name is outside the header: {backing_file_offset}")
    extensions = _read_extensions(window, header_length, backing_file_offset or cluster_size)
    backing_file = None
    if backing_file_offset:
        if backing_file_size > min(MAX_BACKING_FILE_NAME, cluster_size - backing_file_offset):
            raise ImageError(f"The backing file's name is too long: {backing_file_size} bytes")
        backing_file = window.read(backing_file_offset, backing_file_size, "The backing file name")
    header = Header(
        **fields,
        version=version,
        compression_type=compression_type,
        backing_file=backing_file,
        backing_format=_backing_format(extensions),
        data_file=extensions.get(_EXTENSION_DATA_FILE),
        bitmaps=_bitmaps(extensions, fields["autoclear_features"], cluster_size),
        luks=_luks(extensions, fields["crypt_method"], cluster_size),
    )
    _check_tables(header, size)
    return header


def _check_incompatible(features: int, cluster_bits: int) -> None:
    unknown = features & ~INCOMPATIBLE_KNOWN
    if unknown:
        bits = ", ".join(str(bit) for bit in range(64) if unknown >> bit & 1)
        raise ImageError(
            f"The image needs features that are not known here (incompatible feature bits {bits})"
        )
    if features & INCOMPATIBLE_EXTENDED_L2 and cluster_bits < 14:
        raise ImageError("The image has extended L2 entries, but clusters of less than 16 KiB")


def _compression_type(window: Window, fields: dict[str, int]) -> int:
    number = 0
    if fields["header_length"] > _V3_END:
        number = window.read(_V3_END, 1, "The header")[0]
    if number >= len(COMPRESSIONS):
        raise ImageError(f"The compression type is not known: {number}")
    if bool(number) != bool(fields["incompatible_features"] & INCOMPATIBLE_COMPRESSION):
        raise ImageError(
            f"The compression type ({COMPRESSIONS[number]}) contradicts its feature bit"
        )
    return number


def _read_extensions(window: Window, start: int, end: int) -> dict[int, bytes]:
    """The known header extensions by their type; of one that is there twice the last, as QEMU."""
    extensions: dict[int, bytes] = {}
    offset = start
    while offset < end:
        extension = _EXTENSION.unpack(window.read(offset, _EXTENSION.size, "A header extension"))
        magic, length = extension["magic"], extension["length"]
        offset += _EXTENSION.size
        if length > end - offset:
            raise ImageError(f"A header extension is too long: {length} bytes at byte {offset}")
        if magic == _EXTENSION_END:
            break
        if magic in _EXTENSIONS:
            extensions[magic] = window.read(offset, length, "A header extension")
        offset += _aligned(length)
    return extensions


def _backing_format(extensions: dict[int, bytes]) -> str | None:
    name = extensions.get(_EXTENSION_BACKING_FORMAT)
    if name is None:
        return None
    if len(name) > MAX_BACKING_FORMAT_NAME:
        raise ImageError(f"The backing file's format has too long a name: {len(name)} bytes")
    return name.decode(errors="replace")


def _bitmaps(extensions: dict[int, bytes], autoclear: int, cluster_size: int) -> Bitmaps | None:
    data = extensions.get(_EXTENSION_BITMAPS)
    if data is None:
        return None
    if len(data) != _BITMAPS.size:
        raise ImageError(f"The bitmaps extension has the wrong length: {len(data)} bytes")
    if not autoclear & AUTOCLEAR_BITMAPS:
        return None
    fields = _BITMAPS.unpack(data)
    if fields.pop("reserved"):
        raise ImageError("The bitmaps extension has a value in its reserved field")
    bitmaps = Bitmaps(**fields)
    if not 1 <= bitmaps.nb_bitmaps <= MAX_BITMAPS:
        raise ImageError(f"The number of bitmaps is out of range: {bitmaps.nb_bitmaps}")
    if (
        bitmaps.bitmap_directory_offset % cluster_size
        or bitmaps.bitmap_directory_size > MAX_BITMAP_DIRECTORY_SIZE
    ):
        raise ImageError(
            f"The bitmap directory is wrong: {bitmaps.bitmap_directory_size} bytes "
            f"at byte {bitmaps.bitmap_directory_offset}"
        )
    return bitmaps


def _luks(extensions: dict[int, bytes], crypt_method: int, cluster_size: int) -> LuksPointer | None:
    data = extensions.get(_EXTENSION_LUKS)
    if (data is not None) != (crypt_method == CRYPT_LUKS):
        raise ImageError("The encryption method and the pointer to a LUKS header contradict")
    if data is None:
        return None
    if len(data) != _LUKS.size:
        raise ImageError(f"The pointer to the LUKS header has the wrong length: {len(data)} bytes")
    luks = LuksPointer(**_LUKS.unpack(data))
    if luks.offset % cluster_size:
        raise ImageError(
            f"The LUKS header starts at byte {luks.offset}, which is not the start of a cluster"
        )
    return luks


def _check_tables(header: Header, size: int) -> None:
    if not header.refcount_table_clusters:
        raise ImageError("The image has no refcount table")
    if header.nb_snapshots > MAX_SNAPSHOTS:
        raise ImageError(
            f"There are too many snapshots: {header.nb_snapshots}, and QEMU allows {MAX_SNAPSHOTS}"
        )
    refcount_table_size = header.refcount_table_clusters * header.cluster_size
    smallest_snapshot_table = header.nb_snapshots * _SNAPSHOT.size
    for what, offset, length, limit in (
        (
            "The refcount table",
            header.refcount_table_offset,
            refcount_table_size,
            MAX_REFCOUNT_TABLE_SIZE,
        ),
        (
            "The snapshot table",
            header.snapshots_offset,
            smallest_snapshot_table,
            MAX_SNAPSHOT_TABLE_SIZE,
        ),
        (
            "The active L1 table",
            header.l1_table_offset,
            header.l1_size * L1_ENTRY_SIZE,
            MAX_L1_SIZE,
        ),
    ):
        check_table(what, offset, length, limit, header.cluster_size, size)
    covered = header.l1_size * header.l2_entries * header.cluster_size
    if covered < header.virtual_size:
        raise ImageError(
            f"The active L1 table is too small: it covers {covered} bytes "
            f"of a disk of {header.virtual_size}"
        )


def read_snapshots(f: BinaryIO, header: Header, size: int) -> tuple[Entry, ...]:
    """Read the snapshot table, in the order in which the image has it.

    Reads no more than the table and `CHUNK` bytes, `MAX_SNAPSHOT_TABLE_SIZE` at most. An
    image in use may get another table meanwhile: then read the header again.

    Args:
        f: the image, as for `read_header`.
        header: what `read_header` made of it.
        size: of the file or device in bytes.

    Raises:
        ImageError: the table is damaged, or larger than QEMU allows.
    """
    window = Window(f, size)
    entries: list[Entry] = []
    offset = header.snapshots_offset
    for number in range(1, header.nb_snapshots + 1):
        what = f"Entry {number} of the snapshot table"
        offset = _aligned(offset)
        fields = _SNAPSHOT.unpack(window.read(offset, _SNAPSHOT.size, what))
        offset += _SNAPSHOT.size
        extra_size = fields.pop("extra_size")
        if extra_size > MAX_SNAPSHOT_EXTRA_DATA:
            raise ImageError(
                f"{what} has too much extra data: {extra_size} bytes, "
                f"and QEMU allows {MAX_SNAPSHOT_EXTRA_DATA}"
            )
        id_end = extra_size + fields.pop("id_size")
        name_end = id_end + fields.pop("name_size")
        if offset + name_end - header.snapshots_offset > MAX_SNAPSHOT_TABLE_SIZE:
            raise ImageError(
                f"The snapshot table is too large: at entry {number} of {header.nb_snapshots} "
                f"it is longer than the {MAX_SNAPSHOT_TABLE_SIZE} bytes that QEMU allows"
            )
        data = window.read(offset, name_end, what)
        offset += name_end
        fields |= {"virtual_size": header.virtual_size, "icount": _NO_ICOUNT}
        for name, at in _SNAPSHOT_EXTRA.items():
            if at + 8 <= extra_size:
                fields[name] = int.from_bytes(data[at : at + 8], "big")
        icount = fields.pop("icount")
        entries.append(
            Entry(
                **fields,
                id_bytes=data[extra_size:id_end].split(b"\0")[0],
                name_bytes=data[id_end:name_end].split(b"\0")[0],
                icount=None if icount == _NO_ICOUNT else icount,
                end=offset,
            )
        )
    return tuple(entries)


def _aligned(offset: int) -> int:
    """The next multiple of 8, to which extensions and entries are padded."""
    return (offset + 7) & ~7
