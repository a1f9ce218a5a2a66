"""The plan of a revert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from snaptui.common import shell, text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.choices import RunState, SafetyKind
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainState
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.checks import (
    broken,
    by_other_means,
    defined_chain,
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    machine_checks,
    open_still,
    other_hosts,
    variables,
)
from snaptui.plan.checks.free_space import Room
from snaptui.plan.facts import Facts
from snaptui.plan.loss import WritesLost
from snaptui.plan.outcome import After, End, UndoBy, after, space_on, undo
from snaptui.plan.plan import Plan, RevertIntent, Step, impossible
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.revert import external, inside, to_backing_image
from snaptui.plan.revert.safety import plan_external_safety, plan_safety
from snaptui.plan.steps.delete_effect import frozen
from snaptui.plan.steps.domain import PowerOff, RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.costs import unsaved_of
from snaptui.storage.qcow2.usage import ImageUsage

MOST_DOUBTS = 3
"""Places that are named each; the others are counted."""


def plan(intent: RevertIntent, facts: Facts) -> Plan:
    """Plan a revert.

    A revert that fails has already stopped the guest (libvirt qemu_snapshot.c stops the
    process first), so all that it needs is checked here.
    """
    domain = facts.status.domain
    snapshot = facts.snapshots.get(intent.name)
    if snapshot is None:
        title = f"Revert {domain.name} to {intent.name}"
        return impossible(intent, "Revert", title, facts.absent(intent.name))
    if (elsewhere := broken.moved(facts, snapshot.name)) is not None:
        return impossible(intent, "Revert", f"Revert {domain.name} to {snapshot.name}", elsewhere)
    step = RevertTo(snapshot, intent.state, intent.reset_nvram)
    moved = image_checks.moved_disks(facts, snapshot)
    outside = _is_outside(facts, snapshot)
    refusals, unread = _refusals(facts, step), _unread(facts, step)
    if moved:
        safety = to_backing_image.no_safety(moved, intent.safety)
    elif outside:
        safety = plan_external_safety(facts, snapshot, intent.safety)
        kept = safety.kind is not SafetyKind.NONE
        refusals += external.refusals(facts, snapshot, kept=kept)
        refusals += external.start_refusals(facts, step)
        unread += external.unread(facts, snapshot)
    else:
        safety = plan_safety(facts, snapshot, intent.safety)
    removes = outside and safety.kind is SafetyKind.NONE
    removed = frozenset(facts.layers.branches.abandoned.values()) if removes else frozenset()
    clones = () if outside else _clone_doubts(facts)
    refusals += [*safety.refusals, *domain_checks.journal_refusals(facts.unrecorded)]
    if not facts.status.persistent and step.end_state is DomainState.SHUTOFF:
        # libvirt looks at this before all else (qemuSnapshotRevertValidate)
        code = libvirt_codes.OPERATION_INVALID
        ends = refuse(Why.ENDS_TRANSIENT, Way.DEFINE, code=code, domain=facts.name)
        refusals = [ends, *(one for one in refusals if one.code is None and one.harm is None)]
    # what asked whether QEMU answers waits still, and a revert would wait behind it
    first = (PowerOff(),) if facts.status.hung and not safety.steps else ()
    refusals += domain_checks.power_off_refusals(facts) if first else ()
    steps = (*first, *safety.steps, step)
    if intent.safety is not SafetyKind.NONE:
        refusals += _open_refusals(facts, safety.steps)
    if steps[0] is not step:
        refusals = _behind(facts, steps[0], refusals)
    dropped = [] if outside else _dropped(facts, snapshot)
    if dropped and safety.steps and not safety.refusals:
        safety = replace(safety, undo=undo(UndoBy.ONCE_ATTACHED, disks=text.some(dropped)))
    fullest = domain_checks.fullest_space(facts)
    return Plan(
        intent=intent,
        verb="Revert",
        title=f"Revert {domain.name} to {snapshot.name}",
        after=_after(facts, step),
        lost=_lost(facts, safety.kind, whole=bool(moved)),
        undo=safety.undo,
        space=space_on(domain_checks.shown_space(facts), safety.needs),
        refusals=tuple(refusals),
        warnings=(
            *safety.warnings,
            *_warnings(facts, step, removed, safety.kind, outside=outside),
        ),
        unchecked=(*unread, *clones),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=safety.kind is SafetyKind.NONE or bool(unread) or (bool(moved) and bool(clones)),
        changes=()
        if isinstance(facts.changes, NotKnown)
        else tuple(one.reverted for one in facts.changes),
        room=Room(safety.needs, fullest, safety.needs, domain_checks.some_space_unknown(facts)),
    )


def _open_refusals(facts: Facts, steps: tuple[Step, ...]) -> Iterator[Refusal]:
    """No snapshot of now is taken in what ends with QEMU.

    Where the guest is powered off for it, its images are not opened again. Of a volume its pool is
    asked, which says that it is gone or what it said before.
    """
    stops = any(isinstance(one, PowerOff) for one in steps)
    code = libvirt_codes.INTERNAL_ERROR if stops else None
    harm = Harm.STOPPED if stops else None
    of_pools = {disk.target for disk in facts.status.config.disks if disk.volume is not None}
    for one in open_still.refusals(facts):
        asked = dict(one.names)["disk"] in of_pools
        yield one.but() if asked else one.but(code=code, harm=harm)


def _behind(facts: Facts, first: Step, refusals: Iterable[Refusal]) -> list[Refusal]:
    """What becomes of the errors and harms of a revert behind another step.

    A transient domain is gone once it is off, and an image that was only open still: nothing more
    happens to it. A job ends with its QEMU, or forbids the safety snapshot first.
    """
    told = list(refusals)
    if isinstance(first, PowerOff) and not facts.status.persistent:
        codes = {Why.TRANSIENT_NOT_YET: libvirt_codes.NO_DOMAIN}
        return [one.but(code=codes.get(one.why)) for one in told]
    if isinstance(first, PowerOff) and any(one.why is Why.OPEN_STILL for one in told):
        # libvirt looks for checkpoints before anything opens an image
        forbids = any(one.why is Why.CHECKPOINTS_WHILE_OFF and one.code for one in told)
        first_met = Why.CHECKPOINTS_WHILE_OFF if forbids else Why.OPEN_STILL
        return [one if one.why is first_met else one.but() for one in told]
    harms = dict.fromkeys(
        domain_checks.JOBS, Harm.JOB_ENDED if isinstance(first, PowerOff) else None
    )
    sooner = {*domain_checks.JOBS, Why.ENDS_TRANSIENT}
    told = [one.but(harm=harms.get(one.why)) if one.why in sooner else one for one in told]
    return list(domain_checks.jobs_first(told))


def _is_outside(facts: Facts, snapshot: Snapshot) -> bool:
    """Whether libvirt reverts to it as to an external one."""
    return snapshot.kind is Kind.EXTERNAL and can(facts.host, Can.REVERT_EXTERNAL)


def _refusals(facts: Facts, step: RevertTo) -> list[Refusal]:
    """What stands in the way of the revert itself, whatever keeps what is now."""
    snapshot = step.snapshot
    outside = _is_outside(facts, snapshot)
    saved_code = None if snapshot.has_memory else libvirt_codes.REVERT_RISKY
    refusals = domain_checks.domain_refusals(
        facts, job_code=libvirt_codes.OPERATION_INVALID, saved_code=saved_code
    )
    lost = encryption.lost_refusals(facts)
    # to an external one no QEMU has to open what there is now
    refusals += [one.but() for one in lost] if outside else lost
    if snapshot.kind is Kind.MIXED and does(facts.host, Wrong.GOES_DOWN_AT_MIXED):
        version = abilities.by_whom(facts.host, Wrong.GOES_DOWN_AT_MIXED)
        why, way = Why.MIXED_BRINGS_DOWN, Way.APPLY_OFFLINE
        refusals.append(refuse(why, way, harm=Harm.CRASH, name=snapshot.name, version=version))
    refusals += domain_checks.kind_refusals(snapshot)
    refusals += by_other_means.empty_refusals(snapshot, harm=Harm.OTHER_DATA)
    restart = list(disk_checks.restart_refusals(facts, facts.status.config.disks))
    refusals += restart
    refusals += disk_checks.passed_refusals(facts, step)
    refusals += machine_checks.refusals(facts, step)
    refusals += by_other_means.revert_refusals(step) if outside else ()
    if not outside:
        refusals += [
            *external_refusals(facts, snapshot),
            *to_backing_image.refusals(facts, snapshot),
        ]
        refusals += image_checks.shared_refusals(facts, snapshot)
    unfinished = domain_checks.unfinished_refusals(facts, snapshot)
    refusals += [one.but(harm=Harm.OTHER_DATA) if outside else one for one in unfinished]
    overwritten = domain_checks.overwritten_refusals(facts, snapshot)
    refusals += overwritten if outside else [one.but() for one in overwritten]
    refusals += image_checks.detached_refusals(facts, snapshot)
    within = list(inside.refusals(facts, snapshot))
    if any(one.why is Why.VOLUME_NOT_KNOWN for one in restart):
        # libvirt asks the pools before it touches an image (measured with 9.0 to 12.9)
        within = [one.but(harm=Harm.STOPPED) for one in within]
    refusals += within
    refusals += inside.start_refusals(facts, step)
    refusals += encryption.revert_refusals(facts, snapshot) if outside else ()
    refusals += defined_chain.revert_refusals(facts, step)
    refusals += variables.reset_refusals(facts, step)
    if snapshot.config is None:
        refusals.append(refuse(Why.NO_DOMAIN, code=libvirt_codes.REVERT_RISKY, name=snapshot.name))
    return refusals


def _unread(facts: Facts, step: RevertTo) -> list[Remark]:
    """What could not be checked."""
    snapshot = step.snapshot
    unread = [*inside.unread(facts, snapshot), *machine_checks.unread(facts, step)]
    unread += [*disk_checks.discarded(facts, snapshot), *other_hosts.doubts(facts)]
    unread += defined_chain.revert_doubts(facts, step)
    unread += variables.reset_unread(facts, step)
    unread += _doubts(facts, snapshot)
    if isinstance(facts.changes, NotKnown):
        unread.append(remark(Unchecked.CONFIGURATION, reason=facts.changes.reason))
    return unread


def _warnings(
    facts: Facts,
    step: RevertTo,
    removed: frozenset[str],
    safety: SafetyKind,
    *,
    outside: bool,
) -> Iterator[Remark]:
    """What it breaks or leaves behind, beside what its safety snapshot costs.

    Args:
        removed: overlays of now that libvirt removes.
        safety: what is taken before.
    """
    snapshot = step.snapshot
    if facts.status.hung:
        yield remark(Warn.STOPPED_SLOWLY, domain=facts.name)
    moved = image_checks.moved_disks(facts, snapshot)
    yield from (
        to_backing_image.warnings(facts, snapshot) if moved else broken.spoiled(facts, snapshot)
    )
    yield from to_backing_image.unmanaged_spoiled(facts, snapshot)
    yield from _left_out(facts, snapshot, removed)
    yield from _resized(facts, snapshot, alone=safety is SafetyKind.NONE)
    within = snapshot.kind is Kind.INTERNAL
    held = variables.holds(facts.status.config, inside=within, ram=snapshot.has_memory)
    ram = safety is SafetyKind.DISKS_AND_RAM and facts.status.domain.state.active
    kept = safety is not SafetyKind.NONE
    kept = kept and variables.holds(facts.status.config, inside=not outside, ram=ram)
    if variables.resets(step) and not kept:
        yield remark(Warn.VARIABLES_RESET)
    elif not held and not variables.resets(step):
        yield remark(Warn.VARIABLES_STAY)
    yield from machine_checks.warnings(facts, step)
    if facts.status.config.tpm and not snapshot.has_memory:
        yield remark(Warn.TPM_STAYS)
    if outside:
        yield from external.warnings(facts, snapshot)
        yield from by_other_means.revert_warnings(step)
    yield from domain_checks.version_warnings(facts)


def _clone_doubts(facts: Facts) -> tuple[Remark, ...]:
    """Why somebody who lies upon the images may be missing."""
    reasons = [doubt.words for doubt in facts.doubts[:MOST_DOUBTS]]
    if (more := len(facts.doubts) - len(reasons)) > 0:
        reasons.append(text.count(more, "more place"))
    return tuple(remark(Unchecked.LIES_UPON, reason=reason) for reason in reasons)


def _doubts(facts: Facts, snapshot: Snapshot) -> Iterator[Remark]:
    """What not every build of this libvirt can, and this one is not known to."""
    inside = snapshot.kind is Kind.INTERNAL and snapshot.has_memory
    if inside and does(facts.host, Wrong.LOADS_NO_RAM_INSIDE):
        version = facts.host.build or abilities.name(facts.host)
        since = abilities.patched_since(Wrong.LOADS_NO_RAM_INSIDE)
        yield remark(Unchecked.LOADS_RAM, version=version, since=since)


def external_refusals(facts: Facts, snapshot: Snapshot) -> list[Refusal]:
    """Without a libvirt that reverts to external snapshots, and how it is done by hand."""
    if snapshot.kind is not Kind.EXTERNAL:
        return []
    if snapshot.name in facts.layers.broken:
        why = broken.refusal(facts, snapshot.name, facts.layers.broken[snapshot.name])
        return [why.but(code=libvirt_codes.CONFIG_UNSUPPORTED)]
    makes = ("qemu-img", "create", "-f", "qcow2", "-b")
    lines = "; ".join(
        shell.line((*makes, disk.path, "-F", disk.format or "raw", f"{disk.path}.again"))
        for disk in frozen(snapshot).values()
        if disk.path is not None
    )
    ram = snapshot.memory_path
    way = Way.OVERLAYS_BY_HAND if ram is None else Way.OVERLAYS_BY_HAND_WITH_RAM
    if any(disk.path in facts.luks for disk in frozen(snapshot).values()):
        way = Way.OVERLAYS_BY_HAND_LUKS
    if any(disk.encryption for disk in frozen(snapshot).values()):
        way = Way.OVERLAYS_BY_HAND_ENCRYPTED
    return [
        refuse(
            Why.NO_EXTERNAL_REVERT, way,
            code=None if facts.host.reverts_external else libvirt_codes.CONFIG_UNSUPPORTED,
            name=snapshot.name, lines=lines, ram=ram, domain=facts.name,
            reason=abilities.no_external_revert(facts.host),
        )
    ]  # fmt: skip


def _after(facts: Facts, step: RevertTo) -> After:
    snapshot = step.snapshot
    state = step.end_state
    how = "as on" if step.state is RunState.RECORDED else "as you ask, with the disks of"
    if not snapshot.has_memory and step.state is not RunState.RECORDED:
        how = "freshly started, with the disks of"
    return after(
        End.REVERTED,
        state,
        domain=facts.status.domain.name,
        shown=state.value.upper() if state is not None else f"in the state {snapshot.state}",
        how=how,
        moment=f"{text.when(snapshot.created)} ({text.age(snapshot.created, facts.read_at)})",
        reset=", UEFI variables reset" if variables.resets(step) else "",
    )


def _lost(facts: Facts, kept: SafetyKind, *, whole: bool) -> WritesLost:
    """What no snapshot holds, in bytes where they were counted."""
    since = facts.snapshots.get(facts.current or "")
    active = facts.status.domain.state.active
    changes, counted = facts.changes, domain_checks.still_true(facts)
    undated = any(isinstance(one, ImageUsage) and one.written is None for one in counted.values())
    return WritesLost(
        written=unsaved_of(facts.status.config, counted),
        at_least=active or undated,
        disks=tuple(
            disk.target for disk in domain_checks.writable_disks(facts.status.config.disks)
        ),
        since=since.created if since is not None else None,
        unsaved=since is None,
        whole=whole,
        memory=active,
        changes=changes if isinstance(changes, NotKnown) else len(changes),
        kept=kept,
    )


def _resized(facts: Facts, snapshot: Snapshot, *, alone: bool) -> Iterator[Remark]:
    """Disks that get another size.

    Where one becomes smaller, QEMU cuts it off below the RAM that it was given by the revert
    before, and does not count that down (findings/resize-leaks.sh).

    Args:
        alone: no snapshot of now is taken before, which would let go of that RAM.
    """
    for disk, then, now in image_checks.resized(facts, snapshot):
        what = Warn.DISK_SMALLER if then < now else Warn.DISK_LARGER
        yield remark(what, disk=disk.target, then=text.size(then), now=text.size(now))
        image = facts.images.get(disk.path or "")
        entries = image.snapshots if isinstance(image, ImageInfo) and alone and then < now else ()
        for entry in entries:
            if entry.name == facts.current and entry.vm_state:
                size = text.size(entry.vm_state)
                yield remark(Warn.RAM_LEAKS, disk=disk.target, name=entry.name, size=size)


def _dropped(facts: Facts, snapshot: Snapshot) -> list[str]:
    """Disks that the domain has not any more after it; the safety snapshot holds them too."""
    writable = domain_checks.writable_disks(facts.status.config.disks)
    return [disk.target for disk in writable if disk.target not in snapshot.then]


def _left_out(facts: Facts, snapshot: Snapshot, removed: frozenset[str]) -> Iterator[Remark]:
    """Disks that do not come back, by name."""
    then = snapshot.then
    kept = {part.target for part in snapshot.disks if part.presence is not Presence.NO}
    now = {disk.target: disk for disk in facts.status.config.disks}
    for disk in domain_checks.writable_disks(tuple(then.values())):
        target, path = disk.target, disk.path
        if target in kept:
            continue
        if target not in now or now[target].path == path:
            yield remark(Warn.DISK_STAYS, disk=target)
        elif (frozen_by := facts.layers.frozen_by.get(path or "")) is not None:
            yield remark(Warn.DISK_AS_FROZEN, disk=target, path=path, name=frozen_by)
        else:
            yield remark(Warn.DISK_AS_FILE, disk=target, path=path)
    for disk in facts.status.config.disks:
        if disk.target not in then and disk.snapshot is not Presence.NO:
            what = Warn.DISK_LOST_WITH_OVERLAY if disk.path in removed else Warn.DISK_LOST
            yield remark(what, disk=disk.target, path=disk.path or "no file")
