"""The safety snapshot that a revert takes first, so that it can be undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.choices import Form, SafetyKind
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainState, Reason
from snaptui.model.safety_mark import is_safety, new_name
from snaptui.model.snapshot import Snapshot
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.checks import chain_length, domain_checks, name_checks, variables
from snaptui.plan.create import create, external_checks, overlay_paths
from snaptui.plan.create.external_checks import FILE_NAME_BYTES
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import Undo, UndoBy, undo
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.steps.domain import CreateSnapshot, PowerOff
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.branches import line_of

RAM_AT_MOST = 8 << 30
"""Bytes of RAM above which nobody's guest is paused unasked while they are saved."""
SHARE_OF_FREE = 4
"""RAM may take a quarter of the free space unasked."""
SHARE_LEFT = 20
"""A twentieth of the file system stays free, or the admin chooses."""


@dataclass(frozen=True, slots=True)
class Safety:
    """How a revert will be undone.

    Attributes:
        kind: what the safety snapshot holds.
        undo: what the plan promises of it.
        steps: what is done before the revert.
        needs: bytes that it takes now.
        refusals: why it cannot be taken so, with the way round.
        warnings: what it costs the guest.
    """

    kind: SafetyKind
    undo: Undo
    steps: tuple[CreateSnapshot | PowerOff, ...] = ()
    needs: int = 0
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[Remark, ...] = ()


def undo_points(snapshots: Collection[Snapshot]) -> tuple[Snapshot, ...]:
    """The safety snapshots among these, newest first.

    None is older than what it was taken upon, whatever the host's clock said then.
    """
    known = {snapshot.name: snapshot for snapshot in snapshots}
    found = [snapshot for snapshot in snapshots if is_safety(snapshot.name)]

    def age(snapshot: Snapshot) -> tuple[int, int, str]:
        before = list(_upwards(snapshot, known))
        return max(one.created or 0 for one in before), len(before), snapshot.name

    return tuple(sorted(found, key=age, reverse=True))


def _upwards(snapshot: Snapshot, known: Mapping[str, Snapshot]) -> Iterator[Snapshot]:
    """A snapshot and those above it, as far as they are known."""
    one: Snapshot | None = snapshot
    seen: set[str] = set()
    while one is not None and one.name not in seen:
        yield one
        seen.add(one.name)
        one = known.get(one.parent or "")


def plan_safety(facts: Facts, target: Snapshot, wanted: SafetyKind | None) -> Safety:
    """Choose and plan the safety snapshot for a revert to an internal snapshot.

    Only an internal one counts here: the revert would orphan an external one.

    Args:
        wanted: what the admin chose; ``None`` for what suits the guest.
    """
    if wanted is SafetyKind.NONE:
        return Safety(SafetyKind.NONE, undo(UndoBy.NO_SAFETY_WANTED))
    obstacles = create.internal_obstacles(facts, active=wanted is SafetyKind.DISKS_AND_RAM)
    if wanted is not SafetyKind.DISKS_AND_RAM and does(facts.host, Wrong.LOCKS_RECORDS):
        obstacles += domain_checks.checkpoint_refusals(facts, off=True)
    if facts.external:
        names = text.some(facts.external)
        obstacles.append(refuse(Why.OVERLAYS_DO_NOT_SURVIVE, domain=facts.name, names=names))
    if obstacles and wanted is None:
        return Safety(SafetyKind.NONE, _without(obstacles))
    kind = wanted or _default(facts)
    if wanted is None and kind is SafetyKind.DISKS_AND_RAM:
        kind = SafetyKind.DISKS if create.internal_obstacles(facts, active=True) else kind
    step = _step(facts, target)
    with_ram = kind is SafetyKind.DISKS_AND_RAM and facts.status.domain.state.active
    planned = _disks_and_ram(facts, step) if with_ram else _powered_off(facts, step)
    if obstacles:
        return _refused(planned, obstacles)
    if wanted is None and _too_full(facts, planned.needs):
        refused = (refuse(Why.TOO_FULL, Way.CHOOSE_SAFETY),)
        return Safety(planned.kind, undo(UndoBy.CHOOSE), refusals=refused, needs=planned.needs)
    lacks = _not_kept(facts, inside=True, ram=with_ram)
    return replace(planned, warnings=(*planned.warnings, *lacks))


def _not_kept(facts: Facts, *, inside: bool, ram: bool) -> Iterator[Remark]:
    config = facts.status.config
    return variables.not_kept(config, inside=inside, ram=ram, snapshot="safety snapshot")


def _without(obstacles: list[Refusal]) -> Undo:
    return undo(UndoBy.NO_SAFETY_POSSIBLE, reason=obstacles[0].fact)


def _refused(planned: Safety, obstacles: list[Refusal]) -> Safety:
    """The one that the admin asked for, which cannot be taken."""
    refusals = (*obstacles, *planned.refusals)
    return replace(planned, undo=_without(obstacles), refusals=refusals, warnings=())


def plan_external_safety(facts: Facts, target: Snapshot, wanted: SafetyKind | None) -> Safety:
    """Plan the safety snapshot for a revert to an external snapshot: new overlays on the disks.

    Disks alone unless RAM is asked for; then the guest is powered off before, so that nothing is
    written after it that the revert removes.
    """
    if wanted is SafetyKind.NONE:
        return Safety(SafetyKind.NONE, undo(UndoBy.NO_SAFETY_WANTED))
    status = facts.status
    with_ram = wanted is SafetyKind.DISKS_AND_RAM and status.domain.state.active
    at = facts
    if not with_ram:
        off = replace(status.domain, state=DomainState.SHUTOFF)
        at = replace(facts, status=replace(status, domain=off))
    stems = overlay_paths.overlay_paths(
        domain_checks.writable_disks(status.config.disks), "", facts
    ).values()
    longest = max((len(stem.rpartition("/")[2].encode()) for stem in stems), default=0)
    most = min(FILE_NAME_BYTES - longest - len(".mem"), name_checks.NAME_BYTES)
    name = new_name(facts.read_at, target.name, facts.names, most=most, plain=True)
    form = Form.EXTERNAL if with_ram else Form.DISK_ONLY
    intent = CreateIntent(status.domain.key, name, _words(facts, target), form)
    obstacles = external_checks.obstacles(intent, at)
    if obstacles and wanted is None:
        return Safety(SafetyKind.NONE, _without(obstacles))
    step = CreateSnapshot(overlay_paths.signed(overlay_paths.resolved(intent, at), at))
    planned = _disks_and_ram(facts, step) if with_ram else _powered_off(facts, step)
    if obstacles:
        return _refused(planned, obstacles)
    lacks = _not_kept(facts, inside=False, ram=with_ram)
    long = chain_length.warnings(facts, step.new.overlays)
    after = (*lacks, *long, *_undeletable(facts, target, name))
    return replace(planned, warnings=(*planned.warnings, *after))


def _undeletable(facts: Facts, target: Snapshot, name: str) -> Iterator[Remark]:
    """libvirt deletes no external snapshot on a branch that was left, but for its end."""
    line = list(line_of(facts.snapshots, facts.current))
    reached = set(line_of(facts.snapshots, target.name))
    there = [one for one in line if one not in reached]
    there += [one for one in line if one in reached][:1]
    if there:
        lie = "it lies" if len(there) == 1 else "they lie"
        yield remark(Warn.UNDELETABLE, name=name, names=text.some(there), lie=lie)


def _inside(facts: Facts, path: str) -> set[str]:
    return {name for _, name in facts.entries(path) or ()}


def _default(facts: Facts) -> SafetyKind:
    status = facts.status
    active = status.domain.state.active
    paused_by_fault = (
        status.domain.state is DomainState.PAUSED and status.domain.reason is Reason.IO_ERROR
    )
    suspended = status.domain.state is DomainState.PMSUSPENDED
    if not active or status.hung or paused_by_fault or suspended or status.config.passthrough:
        return SafetyKind.DISKS
    if any(disk.transient for disk in status.config.disks):
        return SafetyKind.DISKS
    space = domain_checks.fullest_space(facts)
    memory = status.config.memory
    if space is None or domain_checks.some_space_unknown(facts):
        return SafetyKind.DISKS
    if memory > RAM_AT_MOST or memory * SHARE_OF_FREE > space.free:
        return SafetyKind.DISKS
    return SafetyKind.DISKS_AND_RAM


def _powered_off(facts: Facts, step: CreateSnapshot) -> Safety:
    domain = facts.status.domain
    if not domain.state.active:
        return Safety(SafetyKind.DISKS, undo(UndoBy.DISKS), (step,))
    return Safety(
        SafetyKind.DISKS,
        undo(UndoBy.DISKS_POWERED_OFF, domain=domain.name),
        (PowerOff(), step),
        refusals=tuple(domain_checks.power_off_refusals(facts)),
        warnings=(remark(Warn.POWERED_OFF, domain=domain.name),),
    )


def _disks_and_ram(facts: Facts, step: CreateSnapshot) -> Safety:
    status = facts.status
    name, memory = status.domain.name, status.config.memory
    refusals: list[Refusal] = []
    way = Way.DISKS_ONLY
    if status.domain.state is DomainState.PMSUSPENDED:
        code = libvirt_codes.OPERATION_UNSUPPORTED
        refusals.append(refuse(Why.RAM_NOT_SAVED_SUSPENDED, way, code=code, domain=name))
    space = domain_checks.fullest_space(facts)
    if status.hung:
        refusals.append(refuse(Why.RAM_NOT_SAVED_HUNG, way, domain=name))
    if space is not None and space.free <= memory:
        needs, free = text.size(memory), text.size(space.free)
        refusals.append(refuse(Why.RAM_DOES_NOT_FIT, way, domain=name, needs=needs, free=free))
    paused = Warn.PAUSED if step.ram_file else Warn.PAUSED_TO_THE_END
    return Safety(
        SafetyKind.DISKS_AND_RAM,
        undo(UndoBy.DISKS_AND_RAM),
        (step,),
        needs=memory,
        refusals=tuple(refusals),
        warnings=(remark(paused, domain=name, size=text.size(memory)),),
    )


def _step(facts: Facts, target: Snapshot) -> CreateSnapshot:
    taken = {*facts.names, *(name for path in facts.images for name in _inside(facts, path))}
    plain = does(facts.host, Wrong.NAMES_JOBS)
    most = name_checks.NAME_BYTES
    name = new_name(facts.read_at, target.name, taken, most=most, plain=plain)
    new = NewSnapshot(name, _words(facts, target))
    return CreateSnapshot(overlay_paths.signed(new, facts))


def _words(facts: Facts, target: Snapshot) -> str:
    """What the description says of it."""
    words = f"Before the revert of {facts.status.domain.name} to {target.name}"
    return "".join(" " if text.invisible(char) else char for char in words)


def _too_full(facts: Facts, needs: int) -> bool:
    space = domain_checks.fullest_space(facts)
    return space is not None and (space.free - needs) * SHARE_LEFT < space.size


def brings_back(snapshot: Snapshot) -> str:
    """What a revert to a safety snapshot brings back, in words."""
    inside = sum(disk.presence is not Presence.NO for disk in snapshot.disks)
    disks = text.count(inside, "disk")
    return f"{disks} and RAM" if snapshot.has_memory else f"{disks}, shut off"
