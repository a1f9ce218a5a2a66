"""The plan of a create."""

from __future__ import annotations

from snaptui import text
from snaptui.abilities import Can, can
from snaptui.image_model import NotKnown
from snaptui.model import Disk, DomainState, Form, Presence
from snaptui.new_snapshot import NewSnapshot
from snaptui.plan import checks, external, image_checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import Refusal
from snaptui.plan.room import Room, room
from snaptui.plan.steps import CreateSnapshot


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan a snapshot; an internal one is of all disks, with memory if the domain is active."""
    if intent.form is not Form.INTERNAL:
        return external.plan(intent, facts)
    status = facts.status
    domain = status.domain
    active = domain.state.active
    disks = checks.writable_disks(status.config.disks)
    refusals = checks.name_problems(intent.name, facts, inside=True)
    refusals += checks.description_problems(intent.description)
    refusals += checks.create_refusals(facts) + checks.journal_refusals(facts.unrecorded)
    refusals += internal_obstacles(facts, active=active)
    if any(disk.presence is not Presence.INTERNAL for disk in intent.disks):
        refusals.append(
            Refusal(
                "An internal snapshot holds all disks inside their images.",
                code=checks.CONFIG_UNSUPPORTED,
            )
        )
    if status.hung:
        refusals.append(
            f"QEMU of {domain.name} does not answer; a snapshot would wait for it. "
            f"Power {domain.name} off (virsh destroy) or wait until it answers."
        )
    unchecked = [
        f"Whether the name is free inside {disk.target}: {image.reason}"
        for disk in disks
        if isinstance(image := facts.images.get(disk.path or ""), NotKnown)
        and not image_checks.closed_to_writers(disk, facts)
    ]
    halt = intent.halt and active
    new = NewSnapshot(intent.name, intent.description, intent.disks, halt=halt)
    steps = (CreateSnapshot(new),) if intent.name else ()
    needed = _room(facts, active)
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create a snapshot of {domain.name}",
        after=_after(facts, active, halt),
        lost="nothing",
        undo="yes, by deleting the snapshot",
        space=needed.words,
        refusals=tuple(refusals),
        warnings=(
            *_space_warnings(needed),
            *_save_warnings(facts),
            *checks.variables_warnings(facts, "are not part of it"),
            *_mixed_warnings(facts),
            *checks.version_warnings(facts),
        ),
        unchecked=tuple(unchecked),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=False,
        room=needed,
    )


def internal_obstacles(facts: Facts, *, active: bool) -> list[str]:
    """Why an internal snapshot of the domain cannot be taken, each with the way round.

    Args:
        active: whether the domain runs when it is taken, so that its RAM is saved.
    """
    name, config = facts.status.domain.name, facts.status.config
    disks = checks.writable_disks(config.disks)
    obstacles: list[str] = [
        Refusal(
            f"{problem} Only an external snapshot can hold it.",
            code=checks.INTERNAL_ERROR
            if not active and _fails_in_qemu_img(disk)
            else checks.CONFIG_UNSUPPORTED,
        )
        for disk in disks
        if (problem := image_checks.image_problem(disk, facts))
    ]
    obstacles += [
        Refusal(why, code=checks.INTERNAL_ERROR)
        for disk in disks
        if (why := image_checks.closed_to_writers(disk, facts))
    ]
    if not disks:
        sentence = f"{name} has no disk that a snapshot could hold."
        obstacles.append(Refusal(sentence, code=checks.CONFIG_UNSUPPORTED))
    if config.pflash and can(facts.host, Can.KEEP_FIRMWARE_INSIDE):
        if active and config.written == config.disks:
            sentence = (
                f"{name} keeps UEFI variables in a raw image, and while it runs libvirt takes only "
                "those in qcow2 into an internal snapshot. Shut it down first."
            )
            obstacles.append(Refusal(sentence, code=checks.OPERATION_UNSUPPORTED))
    elif config.pflash:
        obstacles.append(
            Refusal(
                f"{name} keeps UEFI variables in a pflash image, which libvirt cannot put "
                "into an internal snapshot before 10.9.",
                code=checks.OPERATION_UNSUPPORTED,
            )
        )
    if active and config.passthrough:
        obstacles.append(
            f"{name} has host devices ({text.some(config.passthrough)}), whose state cannot "
            "be saved. Shut it down first."
        )
    return obstacles


def _fails_in_qemu_img(disk: Disk) -> bool:
    """Whether libvirt itself sees nothing wrong with a disk of a domain that is shut off."""
    chosen = disk.snapshot in (None, Presence.INTERNAL)
    return chosen and (disk.source_type == "network" or disk.format == "qcow2")


def _after(facts: Facts, active: bool, halt: bool) -> str:
    domain = facts.status.domain
    if not active:
        return f"{domain.name} stays {domain.state.value}; the snapshot holds its disks."
    saved = f"up to {text.size(facts.status.config.memory)} of RAM are saved"
    if halt:
        return f"{domain.name} is SHUT OFF when {saved}; the snapshot holds its disks and RAM."
    if domain.state is DomainState.PAUSED:
        return f"{domain.name} stays paused; the snapshot holds its disks and RAM."
    return (
        f"{domain.name} goes on running; the snapshot holds its disks and RAM. It is PAUSED "
        f"while {saved} ({text.pause(facts.status.config.memory)})."
    )


def _room(facts: Facts, active: bool) -> Room:
    """QEMU puts the RAM into the first image that can hold it (its ``savevm``)."""
    disks = checks.writable_disks(facts.status.config.disks)
    needs = {disk.path: 0 for disk in disks if disk.path is not None}
    for path in list(needs)[:1]:
        needs[path] = facts.status.config.memory if active else 0
    return room(facts, needs)


def _save_warnings(facts: Facts) -> list[str]:
    if not facts.status.managed_save:
        return []
    return [
        f"The managed save of {facts.name} is not part of it: its disks will be as after a power "
        "cut."
    ]


def _mixed_warnings(facts: Facts) -> list[str]:
    if not facts.external:
        return []
    return [
        f"It lies inside the overlays of now: as long as it is there, {text.some(facts.external)} "
        "cannot be deleted (virsh would, and destroy it)."
    ]


def _space_warnings(needed: Room) -> list[str]:
    if not needed.lacks:
        return []
    return ["The RAM may not fit: when the disk is full, the guest stops with an I/O error."]
