"""Checks of what a guest is besides its disks: its machine, and what it is attached to."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model.image import NotKnown
from snaptui.model.machine import Lack, Part
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """What QEMU of today cannot be any more, or the host does not have.

    libvirt finds out when the guest is stopped already.

    New versions drop old machine types, CPUs and devices: QEMU 11 has no i440fx and q35 before
    5.2, and none without its modules for SPICE has qxl. libvirt defines no record again with
    another machine (virDomainDefCheckABIStability; measured with 9.0 and 11.3). The definition of
    then stays where the start failed for its machine (9.0 to 12.9; with RAM it was not tried).
    """
    if not _starts(step):
        return
    active, snapshot = facts.status.domain.state.active, step.snapshot
    for lack in _known(facts):
        stays = lack.part is Part.MACHINE and not snapshot.has_memory
        off = Harm.NO_START if stays else None
        if lack.sure:
            yield _refusal(lack, snapshot.name).but(harm=Harm.STOPPED if active else off)


def warnings(facts: Facts, step: RevertTo) -> Iterator[Remark]:
    """What a domain that is left shut off does not start with later."""
    reasons = [_refusal(lack, step.snapshot.name) for lack in _known(facts) if lack.sure]
    if reasons and not _starts(step):
        told = reasons[0].fact.rstrip(".")
        yield remark(Warn.NOT_STARTED_LATER, domain=facts.name, reason=told)


def unread(facts: Facts, step: RevertTo) -> Iterator[Remark]:
    """What could not be asked, or is not told for sure.

    RAM holds the firmware too: a guest goes on with that of then, and where the file of today has
    another size QEMU loads nothing, once the guest is stopped (measured with QEMU 7.2 and 10.0).
    No record tells the size of then.
    """
    snapshot = step.snapshot
    firmware = snapshot.config.firmware if snapshot.config is not None else None
    if isinstance(facts.firmware, NotKnown):
        yield remark(Unchecked.FIRMWARE, path=firmware, reason=facts.firmware.reason)
    elif facts.firmware is not None and facts.firmware > (snapshot.created or 0) + 1:
        when = text.when(int(facts.firmware))
        yield remark(Unchecked.FIRMWARE_CHANGED, path=firmware, when=when)
    if isinstance(facts.lacks, NotKnown):
        yield remark(Unchecked.MACHINE, reason=facts.lacks.reason)
    for lack in _known(facts) if _starts(step) else ():
        if not lack.sure and lack.part is Part.HOST:
            yield remark(Unchecked.HOST_PART, device=lack.name, reason=_because(lack))
        elif not lack.sure and lack.part is Part.DEVICE:
            yield remark(Unchecked.DEVICE, device=lack.name, reason=_because(lack))
        elif not lack.sure:
            yield remark(Unchecked.CPU, cpu=lack.name, reason=_because(lack))


def _starts(step: RevertTo) -> bool:
    return step.end_state is not None and step.end_state.active


def _known(facts: Facts) -> tuple[Lack, ...]:
    return () if isinstance(facts.lacks, NotKnown) else facts.lacks


def _refusal(lack: Lack, name: str) -> Refusal:
    if lack.part is Part.HOST:
        why, way = Why.HOST_PART_GONE, Way.HOST_PART_BACK
        return refuse(why, way, name=name, device=lack.name, reason=_because(lack))
    way = Way.DISKS_OF_OTHER_MACHINE
    if lack.part is Part.MACHINE:
        return refuse(Why.MACHINE_GONE, way, name=name, machine=lack.name, reason=lack.reason)
    if lack.part is Part.CPU:
        return refuse(Why.CPU_GONE, way, name=name, cpu=lack.name, reason=_because(lack))
    if lack.part is Part.FEATURE:
        return refuse(Why.FEATURE_GONE, way, name=name, feature=lack.name, reason=_because(lack))
    return refuse(Why.DEVICE_GONE, way, name=name, device=lack.name)


def _because(lack: Lack) -> str:
    return f": {lack.reason}" if lack.reason else ""
