"""Sorts of disk that a world's domain may have."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab import MIB
from tests.worlds.hardware import ENCRYPTION

SIZE = 4 * MIB


@dataclass(frozen=True)
class Sort:
    """A sort of disk.

    Attributes:
        options: for ``qemu-img create -o``.
        driver: attributes of its XML's ``<driver>``.
        more: inside of its XML.
        snapshot: what its XML says of snapshots.
        made: ``compressed``, ``bitmap``, ``data``, ``backed`` or ``encrypted``: how the image is.
        off: its domain is never started.
    """

    format: str = "qcow2"
    options: str = ""
    kind: str = "file"
    driver: str = ""
    more: str = ""
    snapshot: str = ""
    made: str = ""
    size: int = SIZE
    off: bool = False

    @property
    def unread(self) -> bool:
        """Its guest does not write to it, or writes what it gives up; what it holds is not told."""
        gives_up = self.more in ("<readonly/>", "<transient/>")
        return gives_up or self.kind == "slice" or self.made == "encrypted"


PLAIN = "plain"
_WIDTHS = ("1 bit", "2 bits", "4 bits", "32 bits")
SORTS = {
    PLAIN: Sort(),
    "version 2": Sort(options="compat=0.10"),
    "extended L2": Sort(options="extended_l2=on,cluster_size=32k"),
    "small clusters": Sort(options="cluster_size=4k"),
    "large clusters": Sort(options="cluster_size=1M"),
    **{f"refcounts of {one}": Sort(options=f"refcount_bits={one.split()[0]}") for one in _WIDTHS},
    "refcounts of 8 bits": Sort(options="refcount_bits=8"),
    "refcounts of 64 bits": Sort(options="refcount_bits=64"),
    "lazy refcounts": Sort(options="lazy_refcounts=on"),
    "preallocated": Sort(options="preallocation=metadata"),
    "compressed": Sort(made="compressed"),
    "compressed by zstd": Sort(options="compression_type=zstd", made="compressed"),
    "a bitmap": Sort(made="bitmap"),
    "data in another file": Sort(made="data"),
    "raw data in another file": Sort(options="data_file_raw=on", made="data"),
    "on a base": Sort(made="backed"),
    "odd size": Sort(size=SIZE + 512 * 77),
    "raw": Sort("raw"),
    "raw, no": Sort("raw", snapshot="no"),
    "volume": Sort(kind="volume"),
    "raw volume": Sort("raw", kind="volume"),
    "block device": Sort(kind="block"),
    "raw block device": Sort("raw", kind="block"),
    "read-only": Sort(more="<readonly/>"),
    "shareable": Sort("raw", more="<shareable/>"),
    "discards are passed on": Sort(driver=" discard='unmap'"),
    "transient disk": Sort(more="<transient/>"),
    "a slice": Sort("raw", kind="slice"),
    "no": Sort(snapshot="no"),
    "manual": Sort(snapshot="manual"),
    "set external": Sort(snapshot="external"),
    "set internal": Sort(snapshot="internal"),
    "network": Sort("raw", kind="network", off=True),
    "encrypted": Sort(made="encrypted", more=ENCRYPTION, off=True),
    "raw LUKS": Sort("raw", made="encrypted", more=ENCRYPTION, off=True),
}


def disk_xml(target: str, sort: Sort, attribute: str, source: str = "") -> str:
    """The XML of a disk: the attribute of its source, or all of it."""
    snapshot = f" snapshot='{sort.snapshot}'" if sort.snapshot else ""
    source = source or f"<source {attribute}/>"
    return (
        f"<disk type='{sort.kind}' device='disk'{snapshot}>"
        f"<driver name='qemu' type='{sort.format}'{sort.driver}/>{source}"
        f"<target dev='{target}' bus='virtio'/>{sort.more}</disk>"
    )
