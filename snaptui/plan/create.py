"""The plan of a create."""

from __future__ import annotations

import time
from collections.abc import Collection

from snaptui import text
from snaptui.model import DomainState, Form, NotKnown
from snaptui.plan import checks, external
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import Refusal
from snaptui.plan.steps import CreateSnapshot


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan a snapshot; an internal one is of all disks, with memory if the domain is active."""
    if intent.form is not Form.INTERNAL:
        return external.plan(intent, facts)
    status = facts.status
    domain = status.domain
    active = domain.state.active
    disks = checks.writable_disks(status.config.disks)
    refusals = checks.name_problems(intent.name, facts)
    refusals += checks.description_problems(intent.description)
    refusals += checks.domain_refusals(facts) + checks.journal_refusals(facts.unrecorded)
    refusals += internal_obstacles(facts, active=active)
    if status.hung:
        refusals.append(
            f"QEMU of {domain.name} does not answer; a snapshot would wait for it. "
            f"Power {domain.name} off (virsh destroy) or wait until it answers."
        )
    unchecked = [
        f"Whether the name is free inside {disk.target}: {image.reason}"
        for disk in disks
        if isinstance(image := facts.images.get(disk.path or ""), NotKnown)
    ]
    steps = (CreateSnapshot(intent.name, intent.description),) if intent.name else ()
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create a snapshot of {domain.name}",
        after=_after(facts, active),
        lost="nothing",
        undo="yes, by deleting the snapshot",
        space=_space(facts, active),
        refusals=tuple(refusals),
        warnings=(*_space_warnings(facts, active), *checks.version_warnings(facts)),
        unchecked=tuple(unchecked),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=False,
    )


def internal_obstacles(facts: Facts, *, active: bool) -> list[str]:
    """Why an internal snapshot of the domain cannot be taken, each with the way round.

    Args:
        active: whether the domain runs when it is taken, so that its RAM is saved.
    """
    name, config = facts.status.domain.name, facts.status.config
    disks = checks.writable_disks(config.disks)
    obstacles: list[str] = [
        Refusal(f"{problem} Only an external snapshot can hold it.", code=checks.CONFIG_UNSUPPORTED)
        for disk in disks
        if (problem := checks.image_problem(disk, facts))
    ]
    if not disks:
        obstacles.append(f"{name} has no disk that a snapshot could hold.")
    if facts.external:
        obstacles.append(
            f"{name} has external snapshots ({_some(facts.external)}); an internal one "
            "above them is destroyed when they are deleted. snaptui does not mix them yet."
        )
    if config.pflash:
        obstacles.append(
            Refusal(
                f"{name} keeps UEFI variables in a pflash image, which libvirt cannot put "
                "into an internal snapshot before 10.9.",
                code=checks.OPERATION_UNSUPPORTED,
            )
        )
    if active and config.passthrough:
        obstacles.append(
            f"{name} has host devices ({_some(config.passthrough)}), whose state cannot "
            "be saved. Shut it down first."
        )
    return obstacles


def suggested_name(moment: float, taken: Collection[str]) -> str:
    """A free name made of the local time to the second: ``snap-20261120-025500``."""
    name = base = time.strftime("snap-%Y%m%d-%H%M%S", time.localtime(moment))
    number = 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def _after(facts: Facts, active: bool) -> str:
    domain = facts.status.domain
    if not active:
        return f"{domain.name} stays {domain.state.value}; the snapshot holds its disks."
    if domain.state is DomainState.PAUSED:
        return f"{domain.name} stays paused; the snapshot holds its disks and RAM."
    return (
        f"{domain.name} goes on running; the snapshot holds its disks and RAM. It is PAUSED "
        f"while up to {text.size(facts.status.config.memory)} of RAM are saved."
    )


def _space(facts: Facts, active: bool) -> str:
    need = f"up to {text.size(facts.status.config.memory)}" if active else "next to nothing"
    space = checks.smallest_space(facts)
    if space is None:
        return f"needs {need} now, free ?"
    return f"needs {need} now, free {text.size(space[0])} of {text.size(space[1])}"


def _space_warnings(facts: Facts, active: bool) -> list[str]:
    space = checks.smallest_space(facts)
    if not active or space is None or space[0] > facts.status.config.memory:
        return []
    return ["The RAM may not fit: when the disk is full, the guest stops with an I/O error."]


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
