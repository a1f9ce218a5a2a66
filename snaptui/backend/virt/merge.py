"""Merging an overlay into the image beneath while its guest runs."""

from __future__ import annotations

import time
from collections.abc import Callable

import libvirt

from snaptui.backend.virt import domain_xml
from snaptui.backend.virt.calls import Ask
from snaptui.common.errors import Cancelled, HostError

ASK_JOB = 0.2
"""Seconds between two questions how far it is."""


def merge(
    ask: Ask, domain: libvirt.virDomain, target: str, path: str, lower: str,
    progress: Callable[[float], None],
) -> None:  # fmt: skip
    """Start the job, wait for its end, and let the disk write to ``lower`` if it wrote to ``path``.

    A merge of what the disk writes to goes on until it is told to pivot
    (virDomainBlockCommit, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE). libvirt removes the overlay.

    Raises:
        Cancelled: it was given up, and the disk writes where it did.
        SnaptuiError: libvirt refuses, or the job did not come to its end.
    """
    top = _chain(ask, domain, target)[:1] == (path,)
    flags = libvirt.VIR_DOMAIN_BLOCK_COMMIT_DELETE
    flags |= libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE if top else 0
    ask(lambda: domain.blockCommit(target, lower, path, 0, flags))
    try:
        while info := ask(lambda: domain.blockJobInfo(target)):
            progress(info["cur"] / info["end"] if info["end"] else 0.0)
            if top and domain_xml.mirrored(ask(domain.XMLDesc), target):
                ask(lambda: domain.blockJobAbort(target, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT))
            time.sleep(ASK_JOB)
    except Cancelled:
        ask(lambda: domain.blockJobAbort(target))
        raise
    if path in _chain(ask, domain, target):
        raise HostError(f"The merge of {path} ended early: QEMU gave it up, or another did.")


def _chain(ask: Ask, domain: libvirt.virDomain, target: str) -> tuple[str, ...]:
    """The images of a disk, as libvirt has them open, from the top."""
    for disk in domain_xml.parse_domain(ask(domain.XMLDesc)).disks:
        if disk.target == target and disk.path is not None:
            return (disk.path, *(disk.beneath or ()))
    return ()
