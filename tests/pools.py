"""Storage pools on a private daemon, and domains whose disks are their volumes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snaptui.model.domain import DomainKey
from tests.lab import MIB, Lab


@contextmanager
def pool(lab: Lab, name: str, folder: Path) -> Iterator[Path]:
    """A pool of a directory of its own."""
    folder.mkdir(exist_ok=True)
    lab.virsh("pool-define-as", name, "dir", "--target", str(folder))
    lab.virsh("pool-start", name)
    try:
        yield Path(os.path.realpath(folder))
    finally:
        lab.virsh("pool-destroy", name, check=False)
        lab.virsh("pool-undefine", name, check=False)
        shutil.rmtree(folder)


def volume(lab: Lab, pool: str, name: str, size: int = 8 * MIB) -> None:
    """A new qcow2 image in a pool."""
    lab.virsh("vol-create-as", pool, name, str(size), "--format", "qcow2")


def define(lab: Lab, name: str, *sources: tuple[str, str], form: str = "qcow2") -> DomainKey:
    """A domain whose disks, from vda on, are these volumes of these pools."""
    disks = "".join(
        f"<disk type='volume' device='disk'><driver name='qemu' type='{form}'/>"
        f"<source pool='{pool}' volume='{one}'/><target dev='vd{letter}' bus='virtio'/></disk>"
        for letter, (pool, one) in zip("abcdefgh", sources, strict=False)
    )
    return lab.define_disks(name, disks)
