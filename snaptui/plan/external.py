"""The plan of a create whose data lie in files of their own (overlays, a memory file)."""

from __future__ import annotations

from dataclasses import replace

from snaptui import abilities, text
from snaptui.abilities import Can, Wrong, can, does
from snaptui.model import DomainState, Presence
from snaptui.new_snapshot import NewSnapshot
from snaptui.plan import checks, encryption, external_checks
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import After, End, Then, UndoBy, after, undo
from snaptui.plan.overlays import resolved
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.room import Room, room
from snaptui.plan.steps import CreateSnapshot


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan overlays for all disks, and with :attr:`Form.EXTERNAL` a file for the RAM."""
    domain = facts.status.domain
    new = resolved(intent, facts.status)
    step = CreateSnapshot(new)
    steps = (step,) if intent.name else ()
    needed = _room(facts, new)
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create an external snapshot of {domain.name}",
        after=_after(facts, new),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.MERGE),
        space=replace(needed.told, then=Then.OVERLAYS_GROW),
        refusals=tuple(external_checks.refusals(intent, facts, step)),
        warnings=tuple(_warnings(facts, new, needed)),
        unchecked=tuple(external_checks.doubts(facts, new)),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=new.memory_path is not None and facts.exists(new.memory_path) is None,
        room=needed,
    )


def _after(facts: Facts, new: NewSnapshot) -> After:
    domain = facts.status.domain
    name, state = domain.name, domain.state
    several = len(new.overlays) > 1
    writes = "write to overlays" if several else "writes to an overlay"
    files = f"{', '.join(new.overlays)} {writes} from then on."
    if not state.active:
        return after(End.OVERLAYS_OFF, state, domain=name, shown=state.value, files=files)
    memory = text.size(facts.status.config.memory)
    saved = f"up to {memory} of RAM are saved"
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
        saved = f"{memory} of RAM or more are saved"
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


def _warnings(facts: Facts, new: NewSnapshot, needed: Room) -> list[str]:
    host, status = facts.host, facts.status
    shown = abilities.name(host)
    warnings = []
    if not can(host, Can.REVERT_EXTERNAL):
        warnings.append(
            f"This host cannot revert to it: {abilities.no_external_revert(host)}. "
            "It can only be deleted, which merges it."
        )
    internal = [name for name in facts.names if name not in facts.external]
    if internal:
        warnings.append(
            f"{text.some(internal)} inside the images beneath cannot be reverted to, and no "
            "internal snapshot can be taken, until it is deleted."
        )
    warnings += [f"{target} is left out: it has no way back." for target in new.left_out]
    warnings += [
        f'{disk.target} gets an overlay, although the domain sets snapshot="{disk.snapshot.value}" '
        "for it."
        for disk in status.config.disks
        if disk.snapshot not in (None, Presence.EXTERNAL) and disk.target in new.overlays
    ]
    if new.memory_path is None and status.domain.state.active and not new.quiesce:
        warnings.append(
            "What the guest has not written to its disks yet is not in it: as after a power cut."
        )
    taken = [disk for disk in status.config.disks if disk.target in new.overlays]
    warnings += encryption.warnings(facts, taken, ram=new.memory_path is not None)
    if status.config.pflash:
        warnings.append("The UEFI variables are not part of it.")
    if not status.domain.state.active and does(host, Wrong.OPENS_OVERLAYS) and not new.reuse:
        warnings.append(
            f"libvirt {shown} may make the overlays readable for every user of the host "
            "(CVE-2025-13193)."
        )
    if needed.lacks:
        warnings.append("The RAM may not fit: libvirt then gives up, and the guest goes on.")
    elif needed.tight:
        warnings.append(
            "Less than 5 % of the file system is free: when it is full, the guest stops with an "
            "I/O error."
        )
    return [*warnings, *checks.version_warnings(facts)]
