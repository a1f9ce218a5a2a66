"""The plan of a create."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.image import ImageInfo, NotKnown, Unplaced
from snaptui.plan.checks import (
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    name_checks,
    open_still,
    other_hosts,
    variables,
)
from snaptui.plan.checks.free_space import Room, entry_warnings, room
from snaptui.plan.create import external
from snaptui.plan.create.overlay_paths import resolved, signed
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import After, End, Undo, UndoBy, after, undo
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.qcow2.usage import ImageUsage


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan a snapshot; an internal one is of all disks, with memory if the domain is active."""
    if intent.form is not Form.INTERNAL:
        return external.plan(intent, facts)
    status = facts.status
    domain = status.domain
    active = domain.state.active
    disks = domain_checks.writable_disks(status.config.disks)
    refusals = name_checks.name_problems(intent.name, facts, inside=True)
    refusals += name_checks.description_problems(intent.description)
    new = signed(resolved(intent, facts), facts)
    refusals += domain_checks.create_refusals(facts, halts=new.halt)
    refusals += domain_checks.journal_refusals(facts.unrecorded)
    refusals += internal_obstacles(facts, active=active)
    refusals += open_still.create_refusals(facts)
    writable = {disk.target for disk in disks}
    if any(
        one.presence is not (Presence.INTERNAL if one.target in writable else Presence.NO)
        for one in intent.disks
    ):
        refusals.append(refuse(Why.ALL_OR_NONE_INSIDE, code=libvirt_codes.CONFIG_UNSUPPORTED))
    if status.hung:
        refusals.append(refuse(Why.HUNG, Way.POWER_OFF, domain=domain.name))
    unchecked = [
        remark(Unchecked.NAME_FREE, disk=disk.target, reason=image.reason)
        for disk in disks
        if isinstance(image := facts.images.get(disk.path or ""), NotKnown)
        and not image_checks.closed_to_writers(disk, facts)
    ]
    unchecked += other_hosts.doubts(facts)
    refusals += domain_checks.power_off_refusals(facts) if new.halt else ()
    steps = (CreateSnapshot(new),) if intent.name else ()
    needed, outside = _room(facts, active), _outside(facts, disks)
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create a snapshot of {domain.name}",
        after=_after(facts, active, new.halt),
        lost=NOTHING_LOST,
        undo=_undo(facts),
        space=needed.told,
        refusals=domain_checks.jobs_first(refusals),
        warnings=(
            *([remark(Warn.RAM_MAY_NOT_FIT_INSIDE)] if needed.lacks else ()),
            *(() if active else entry_warnings(_written(facts, disks), facts.spaces)),
            *([remark(Warn.SAVE_NOT_KEPT, domain=facts.name)] if status.managed_save else ()),
            *variables.not_kept(status.config, inside=True, ram=active),
            *([remark(Warn.INSIDE_OVERLAYS, names=text.some(outside))] if outside else ()),
            *_refcount_warnings(facts),
            *domain_checks.version_warnings(facts),
        ),
        unchecked=tuple(unchecked),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=False,
        room=needed,
    )


def _outside(facts: Facts, disks: Iterable[Disk]) -> tuple[str, ...]:
    """The external snapshots upon whose overlays the new one may lie: none without backing files.

    Somebody may have set the disks to other images since; chains are not read for a create.
    """
    images = [facts.images.get(disk.path or "") for disk in disks]
    alone = all(isinstance(image, ImageInfo) and image.backing is None for image in images)
    return () if alone else facts.external


def _written(facts: Facts, disks: Iterable[Disk]) -> Mapping[str, object]:
    """The images that get an entry."""
    return {path: facts.images.get(path) for disk in disks if (path := disk.path) is not None}


def _undo(facts: Facts) -> Undo:
    """By a delete, which asks the pools where its parts are (delete._inside)."""
    for disk in domain_checks.writable_disks(facts.status.config.disks):
        if disk.volume is not None and isinstance(disk.volume.place, Unplaced):
            return undo(UndoBy.DELETE_ONCE_PLACED, pool=disk.volume.pool)
    return undo(UndoBy.DELETE)


def internal_obstacles(facts: Facts, *, active: bool) -> list[Refusal]:
    """Why an internal snapshot of the domain cannot be taken, each with the way round.

    Args:
        active: whether the domain runs when it is taken, so that its RAM is saved.
    """
    name, config = facts.status.domain.name, facts.status.config
    disks = domain_checks.writable_disks(config.disks)
    harm = None if active else _instead(facts, disks)
    obstacles = [
        problem.but(harm=harm)
        if harm is not None
        else problem.but(code=_code(problem, disk, active=active))
        for disk in disks
        if (problem := image_checks.image_problem(disk, facts))
    ]
    # where libvirt makes another one it does not look at them
    code = libvirt_codes.INTERNAL_ERROR if harm is None else None
    obstacles += [
        why.but(code=code) for disk in disks if (why := image_checks.closed_to_writers(disk, facts))
    ]
    obstacles += disk_checks.discard_refusals(disks)
    obstacles += encryption.inside_refusals(facts, disks, Way.EXTERNAL_WHILE_RUNNING)
    if not disks:
        obstacles.append(refuse(Why.NO_DISK, code=libvirt_codes.CONFIG_UNSUPPORTED, domain=name))
    kept = variables.create_refusals(facts, active=active)
    obstacles += [one.but() if harm is not None else one for one in kept]
    if active and config.passthrough:
        devices = text.some(config.passthrough)
        obstacles.append(refuse(Why.HOST_DEVICES, Way.SHUT_DOWN, domain=name, devices=devices))
    obstacles += disk_checks.transient_refusals(facts, Way.SHUT_DOWN) if active else ()
    return obstacles


def _instead(facts: Facts, disks: Sequence[Disk]) -> Harm | None:
    """What libvirt makes of disks that are all set to be kept by other means, while off."""
    settings = {disk.snapshot for disk in disks} - {Presence.NO}
    if settings in ({Presence.EXTERNAL}, {Presence.EXTERNAL, Presence.MANUAL}):
        return Harm.OUTSIDE_INSTEAD
    nothing = settings == {Presence.MANUAL} and does(facts.host, Wrong.TAKES_NOTHING)
    return Harm.HOLDS_NOTHING if nothing else None


def _code(problem: Refusal, disk: Disk, *, active: bool) -> int | None:
    """libvirt's error for a disk that cannot take an internal snapshot."""
    if problem.why is Why.LUN_INSIDE:
        return None  # it takes one without a part of this disk, with success
    if not active and _fails_in_qemu_img(disk):
        return libvirt_codes.INTERNAL_ERROR
    if problem.why is Why.DATA_FILE:
        return libvirt_codes.OPERATION_FAILED
    if not active and disk.volume is not None and not disk.format:
        return None  # it takes one, which the guest, whose disk is raw then, never sees
    return libvirt_codes.CONFIG_UNSUPPORTED


def _fails_in_qemu_img(disk: Disk) -> bool:
    """Whether libvirt itself sees nothing wrong with a disk of a domain that is shut off."""
    chosen = disk.snapshot in (None, Presence.INTERNAL)
    return chosen and (disk.source_type == "network" or disk.format == "qcow2")


def _after(facts: Facts, active: bool, halt: bool) -> After:
    domain = facts.status.domain
    name, state = domain.name, domain.state
    if not active:
        return after(End.TAKEN_OFF, state, domain=name, shown=state.value)
    saved = f"up to {text.size(facts.status.config.memory)} of RAM is saved"
    if halt:
        return after(End.TAKEN_AND_HALTED, DomainState.SHUTOFF, domain=name, saved=saved)
    if state is DomainState.PAUSED:
        return after(End.TAKEN_PAUSED, state, domain=name)
    pause = text.pause(facts.status.config.memory)
    return after(End.TAKEN_RUNNING, state, domain=name, saved=saved, pause=pause)


def _room(facts: Facts, active: bool) -> Room:
    """QEMU puts the RAM into the first image that can hold it (its ``savevm``)."""
    disks = domain_checks.writable_disks(facts.status.config.disks)
    needs = {disk.path: 0 for disk in disks if disk.path is not None}
    for path in list(needs)[:1]:
        needs[path] = facts.status.config.memory if active else 0
    return room(facts, needs)


FEW_LEFT = 20
"""Snapshots, below which the end of an image's refcounts is told."""


def _refcount_warnings(facts: Facts) -> Iterator[Remark]:
    """QEMU refuses one more when a refcount would overflow, and each try leaks clusters."""
    counted = domain_checks.still_true(facts)
    for disk in domain_checks.writable_disks(facts.status.config.disks):
        usage = counted.get(disk.path or "")
        left = usage.usage.snapshots_left if isinstance(usage, ImageUsage) else None
        if left == 0:
            yield remark(Warn.NO_REFCOUNTS, disk=disk.target)
        elif left is not None and left < FEW_LEFT:
            number = text.count(left, "more snapshot")
            yield remark(Warn.FEW_REFCOUNTS, disk=disk.target, number=number)
        image = facts.images.get(disk.path or "")
        if left is None and isinstance(image, ImageInfo):
            there = len(image.snapshots)
            if there + 2 > image.refcount_limit:  # with the disk itself and the new one
                entries = f"{text.count(there, 'snapshot')} {'is' if there == 1 else 'are'}"
                limit = image.refcount_limit
                yield remark(Warn.NARROW_REFCOUNTS, disk=disk.target, limit=limit, entries=entries)
