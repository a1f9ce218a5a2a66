"""Checks of what a guest is besides its disks: the machine that QEMU is to be."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.image_model import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps import RevertTo
from snaptui.plan.way import Way
from snaptui.plan.why import Why


def refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """What QEMU of today cannot be any more; libvirt finds out when the guest is stopped already.

    New versions drop old machine types: QEMU 11 has no i440fx and q35 before 5.2. libvirt defines
    no record again with another one (virDomainDefCheckABIStability; measured with 9.0 and 11.3).
    """
    snapshot, lacks = step.snapshot, facts.lacks
    machine = snapshot.config.machine if snapshot.config is not None else None
    runs = step.end_state is not None and step.end_state.active
    if machine is None or not runs or not lacks or isinstance(lacks, NotKnown):
        return
    yield refuse(
        Why.MACHINE_GONE, Way.DISKS_OF_OTHER_MACHINE, name=snapshot.name, reason=lacks,
        harm=Harm.STOPPED if facts.status.domain.state.active else None,
        machine=machine.type or machine.arch,
    )  # fmt: skip


def unread(facts: Facts) -> Iterator[Remark]:
    """What could not be asked."""
    if isinstance(facts.lacks, NotKnown):
        yield remark(Unchecked.MACHINE, reason=facts.lacks.reason)
