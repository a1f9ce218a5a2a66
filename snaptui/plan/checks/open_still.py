"""Guests that run on images whose files are gone: what these hold ends with their QEMU.

libvirt knows what it gave to QEMU and looks at no file while that runs: it goes on taking and
merging snapshots, in files that nobody can open again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snaptui.model import libvirt_codes
from snaptui.model.disk import Disk
from snaptui.model.image import Missing
from snaptui.model.virsh_line import option, virsh_there
from snaptui.plan.checks import domain_checks
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def refusals(facts: Facts, targets: Collection[str] | None = None) -> Iterator[Refusal]:
    """Why nothing is done to a guest that runs so, and how its disks are saved.

    Args:
        targets: of these disks alone; of all without.
    """
    domain = facts.status.domain
    for disk, path in _gone(facts):
        if targets is not None and disk.target not in targets:
            continue
        there = option("path", disk.target), option("dest", f"{disk.path}.copy")
        how = ("--transient-job", "--wait", "--pivot")
        line = virsh_there("blockcopy", domain.name, domain.key.uuid, *there, *how)
        yield refuse(
            Why.OPEN_STILL, Way.COPY_WHILE_OPEN, path=path, disk=disk.target, domain=domain.name,
            line=line,
        )  # fmt: skip


def create_refusals(
    facts: Facts, targets: Collection[str] | None = None, *, ram_outside: bool = False
) -> Iterator[Refusal]:
    """The same of a snapshot, with what libvirt makes of it.

    Args:
        ram_outside: its RAM is saved to a file. For that QEMU opens the images of its disks anew,
            not what lies beneath them (7.2 and 11.1).
    """
    for one in refusals(facts, targets):
        anew = ram_outside and isinstance(facts.images.get(str(dict(one.names)["path"])), Missing)
        yield (
            one.but(code=libvirt_codes.OPERATION_FAILED) if anew else one.but(harm=Harm.NO_WAY_BACK)
        )


def _gone(facts: Facts) -> Iterator[tuple[Disk, str]]:
    """Disks of a domain that is active, and what is gone of their images."""
    if not facts.status.domain.state.active:
        return
    for disk in domain_checks.writable_disks(facts.status.config.disks):
        path = disk.path or ""
        if isinstance(facts.images.get(path), Missing):
            yield disk, path
        elif beneath := facts.cut_off.get(path) or facts.data_gone.get(path):
            yield disk, beneath
