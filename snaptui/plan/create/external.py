"""The plan of a create whose data lie in files of their own (overlays, a memory file)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from snaptui.common import text
from snaptui.model import abilities
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.apparmor import helper_reads
from snaptui.model.disk import Presence
from snaptui.model.domain import DomainState
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.checks import (
    chain_length,
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    open_still,
    variables,
)
from snaptui.plan.checks.free_space import Room, room
from snaptui.plan.create import external_checks
from snaptui.plan.create.overlay_paths import leaves_out, resolved, signed
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import After, End, Then, Undo, UndoBy, after, undo
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan overlays for all disks, and with :attr:`Form.EXTERNAL` a file for the RAM."""
    domain = facts.status.domain
    new = signed(resolved(intent, facts), facts)
    step = CreateSnapshot(new)
    steps = (step,) if intent.name else ()
    needed = _room(facts, new)
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create an external snapshot of {domain.name}",
        after=_after(facts, new),
        lost=NOTHING_LOST,
        undo=_undo(facts, new),
        space=replace(needed.told, then=Then.OVERLAYS_GROW),
        refusals=domain_checks.jobs_first(external_checks.refusals(intent, facts, step)),
        warnings=tuple(_warnings(facts, new, needed)),
        unchecked=tuple(external_checks.doubts(facts, new)),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=new.memory_path is not None and facts.exists(new.memory_path) is None,
        room=needed,
    )


def _undo(facts: Facts, new: NewSnapshot) -> Undo:
    """By a delete, which libvirt refuses upon an internal snapshot (delete_external).

    snaptui refuses it where somebody else would then read other data.
    """
    if not can(facts.host, Can.DELETE_EXTERNAL):
        return undo(UndoBy.NO_MERGE, version=f"libvirt {abilities.name(facts.host)}")
    if not new.overlays and does(facts.host, Wrong.DELETES_NO_RAM_ALONE):
        return undo(UndoBy.DELETE_METADATA)
    for target in new.overlays:
        parent = _next_above(facts, target)
        if parent is not None and parent not in facts.external:
            return undo(UndoBy.MERGE_ONCE_ALONE, parent=parent)
    for one in open_still.refusals(facts):
        return undo(UndoBy.MERGE_ONCE_OPENED, fact=one.fact)
    for one in image_checks.unopened(_once_off(facts) if new.halt else facts, new.overlays):
        return undo(UndoBy.MERGE_ONCE_OPENED, fact=one.fact)
    for target, data in _data_gone(facts, new):
        fact = refuse(Why.DATA_FILE_GONE, path=data, disk=target).fact
        return undo(UndoBy.MERGE_ONCE_OPENED, fact=fact)
    for path, users in facts.others.items():
        names = text.some([user.words for user in users])
        return undo(UndoBy.MERGE_ONCE_UNSHARED, path=path, users=names)
    domain = facts.status.domain
    if domain.state is DomainState.PAUSED and new.memory_path is not None and not new.halt:
        # as for a migration; none of them can be written to before the guest goes on
        return undo(UndoBy.MERGE_ONCE_RUN, domain=domain.name)
    for _, volume, _ in disk_checks.lost_beneath(facts) if new.halt else ():
        return undo(UndoBy.MERGE_ONCE_PLACED, pool=volume.pool, domain=domain.name)
    return undo(UndoBy.MERGE)


def _data_gone(facts: Facts, new: NewSnapshot) -> Iterator[tuple[str, str]]:
    """Disks whose data are in a file that is gone: libvirt makes their overlays all the same."""
    for disk in facts.status.config.disks:
        data = facts.data_gone.get(disk.path or "")
        if disk.target in new.overlays and data is not None:
            yield disk.target, data


def _once_off(facts: Facts) -> Facts:
    """The same when its QEMU is gone, and has let go of the images."""
    status = facts.status
    off = replace(status, domain=replace(status.domain, state=DomainState.SHUTOFF))
    images = {
        path: replace(image, locked=False) if isinstance(image, ImageInfo) else image
        for path, image in facts.images.items()
    }
    return replace(facts, status=off, images=MappingProxyType(images), in_writing={})


def _next_above(facts: Facts, target: str) -> str | None:
    """The newest snapshot that holds something of a disk."""
    name = facts.current
    while name in facts.external and name in facts.snapshots:
        snapshot = facts.snapshots[name]
        if not leaves_out(snapshot, target):
            break
        name = snapshot.parent
    return name


def _after(facts: Facts, new: NewSnapshot) -> After:
    domain = facts.status.domain
    name, state = domain.name, domain.state
    several = len(new.overlays) > 1
    writes = "write to overlays" if several else "writes to an overlay"
    files = f"{', '.join(new.overlays)} {writes} from then on."
    if not state.active:
        return after(End.OVERLAYS_OFF, state, domain=name, shown=state.value, files=files)
    memory = text.size(facts.status.config.memory)
    saved = f"up to {memory} of RAM is saved"
    if new.halt:
        first = saved if new.memory_path else "the disks are kept"
        end = End.OVERLAYS_AND_HALTED
        return after(end, DomainState.SHUTOFF, domain=name, saved=first, files=files)
    if new.memory_path is None:
        stays = "stays paused" if state is DomainState.PAUSED else "goes on running"
        frozen = ", its file systems frozen for a moment" if new.quiesce else ""
        return after(
            End.OVERLAYS_ALONE, state, domain=name, stays=stays, frozen=frozen, files=files
        )
    if state is DomainState.PAUSED:
        return after(End.OVERLAYS_PAUSED, state, domain=name, saved=saved, files=files)
    if new.live:
        saved = f"{memory} of RAM or more is saved"
        return after(End.OVERLAYS_LIVE, state, domain=name, saved=saved, files=files)
    pause = text.pause(facts.status.config.memory)
    return after(End.OVERLAYS_RUNNING, state, domain=name, saved=saved, pause=pause, files=files)


def _room(facts: Facts, new: NewSnapshot) -> Room:
    needs: dict[str, int] = {}
    for path in new.files:
        folder = path.rpartition("/")[0] or "/"
        ram = facts.status.config.memory if path == new.memory_path else 0
        needs[folder] = needs.get(folder, 0) + ram
    return room(facts, needs)


def _warnings(facts: Facts, new: NewSnapshot, needed: Room) -> Iterator[Remark]:
    host, status = facts.host, facts.status
    if not can(host, Can.REVERT_EXTERNAL):
        yield remark(Warn.NO_REVERT_HERE, reason=abilities.no_external_revert(host))
    internal = [name for name in facts.names if name not in facts.external]
    if internal:
        yield remark(Warn.INSIDE_BENEATH, names=text.some(internal))
    yield from (remark(Warn.DISK_LEFT_OUT, disk=target) for target in new.left_out)
    for target, data in _data_gone(facts, new):
        yield remark(Warn.DATA_FILE_GONE, path=data, disk=target)
    taken = [disk for disk in status.config.disks if disk.target in new.overlays]
    for disk in taken:
        if disk.snapshot not in (None, Presence.EXTERNAL):
            setting = disk.snapshot.value
            yield remark(Warn.OVERLAY_AGAINST_SETTING, disk=disk.target, setting=setting)
    if new.memory_path is None and status.domain.state.active and not new.quiesce:
        yield remark(Warn.NOT_WRITTEN_YET)
    yield from encryption.warnings(facts, taken, ram=new.memory_path is not None)
    ram = new.memory_path is not None
    yield from variables.not_kept(status.config, inside=False, ram=ram)
    yield from chain_length.warnings(facts, new.overlays)
    if not status.domain.state.active and does(host, Wrong.OPENS_OVERLAYS) and not new.reuse:
        yield remark(Warn.OVERLAYS_READABLE, version=abilities.name(host))
    if facts.apparmor:
        unread = [path for path in new.overlays.values() if not helper_reads(path)]
        yield from (remark(Warn.APPARMOR_READS_NOT, path=path) for path in unread)
    if needed.lacks:
        yield remark(Warn.RAM_MAY_NOT_FIT)
    elif needed.tight:
        yield remark(Warn.LITTLE_FREE)
    yield from domain_checks.version_warnings(facts)
