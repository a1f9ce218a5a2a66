"""The plan of a revert."""

from __future__ import annotations

from collections.abc import Collection

from snaptui import abilities, shell, text
from snaptui.abilities import Can, can
from snaptui.costs import written_since
from snaptui.image_model import NotKnown
from snaptui.model import Kind, Presence, RunState, SafetyKind, Snapshot
from snaptui.plan import beneath, checks, image_checks, revert_external
from snaptui.plan.after_delete import frozen
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Plan, RevertIntent, impossible
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.room import Room
from snaptui.plan.safety import plan_external_safety, plan_safety
from snaptui.plan.steps import PowerOff, RevertTo


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
    step = RevertTo(snapshot, intent.state, intent.reset_nvram)
    moved = image_checks.moved_disks(facts, snapshot)
    saved_code = None if snapshot.has_memory else checks.REVERT_RISKY
    refusals = checks.domain_refusals(facts, saved_code=saved_code)
    refusals += checks.kind_refusals(snapshot, "revert to")
    outside = snapshot.kind is Kind.EXTERNAL and can(facts.host, Can.REVERT_EXTERNAL)
    if not outside:
        refusals += [*external_refusals(facts, snapshot), *beneath.refusals(facts, snapshot)]
    unfinished = checks.unfinished_refusals(facts, snapshot)
    refusals += [Refusal(one, harm=Harm.OTHER_DATA) if outside else one for one in unfinished]
    refusals += image_checks.detached_refusals(facts, snapshot)
    gone, twins, mistaken, unread = image_checks.entry_problems(facts, snapshot)
    looks = snapshot.has_memory and can(facts.host, Can.LOAD_BY_JOB)
    refusals += [
        Refusal(
            f"{sentence} The revert would stop the guest and fail.",
            code=checks.OPERATION_FAILED if looks else checks.INTERNAL_ERROR,
            harm=_before_it_fails(facts, snapshot),
        )
        for sentence in gone
    ]
    closed = {
        disk.path: why
        for disk in image_checks.internal_disks(snapshot)
        if (why := image_checks.closed_to_writers(disk, facts))
    }
    refusals += [
        Refusal(why, code=checks.INTERNAL_ERROR, harm=_before_it_fails(facts, snapshot))
        for why in closed.values()
    ]
    refusals += [
        Refusal(f"{sentence} QEMU would take the first.", harm=Harm.FIRST_TWIN)
        for sentence in twins
    ]
    refusals += [
        Refusal(
            f"{sentence} Way round: shut the domain down and, for each disk, "
            "qemu-img snapshot -a with the right ID.",
            harm=Harm.OTHER_DATA,
        )
        for sentence in mistaken
    ]
    why = checks.job_problem(facts, snapshot.name)
    if why and snapshot.kind is Kind.INTERNAL and snapshot.has_memory:
        refusals.append(
            Refusal(
                f"{why}. With the domain shut off, qemu-img snapshot -a brings its disks back.",
                code=checks.INTERNAL_ERROR,
                harm=Harm.STOPPED if domain.state.active else "",
            )
        )
    if snapshot.config is None:
        refusals.append(
            Refusal(
                f"The metadata of {snapshot.name} hold no domain, without which libvirt reverts "
                "to nothing, not even by force.",
                code=checks.REVERT_RISKY,
            )
        )
    inside = {disk.path for disk in image_checks.internal_disks(snapshot)}
    for path, missing in facts.missing.items():
        if missing is True and path not in closed:
            why = f"{path} is gone, and the domain of that time needs it. Put it back first."
            harm = _before_it_fails(facts, snapshot) if path in inside else ""
            code = checks.INTERNAL_ERROR if path in inside else None
            refusals.append(Refusal(why, code=code, harm=harm))
    unread += [
        f"Whether {path} is there: {missing.reason}"
        for path, missing in facts.missing.items()
        if isinstance(missing, NotKnown) and missing.reason not in " ".join(unread)
    ]
    doubt = _doubt(facts, snapshot)
    if doubt and not abilities.tried(facts.host):
        unread.append(doubt)
    if isinstance(facts.changes, NotKnown):
        unread.append(f"What of the configuration changed since: {facts.changes.reason}")
    if moved:
        safety = beneath.no_safety(moved, intent.safety)
        unread += [f"Whether others use these images: {doubt}" for doubt in facts.doubts]
    elif outside:
        safety = plan_external_safety(facts, snapshot, intent.safety)
        kept = safety.kind is not SafetyKind.NONE
        refusals += revert_external.refusals(facts, snapshot, kept=kept)
        unread += revert_external.unread(facts, snapshot)
    else:
        safety = plan_safety(facts, snapshot, intent.safety)
    refusals += [*safety.refusals, *checks.journal_refusals(facts.unrecorded)]
    hung = facts.status.hung and (
        f"QEMU of {domain.name} does not answer; stopping it may take 15 s.",
    )
    # what asked whether QEMU answers waits still, and a revert would wait behind it
    first = (PowerOff(),) if facts.status.hung and not safety.steps else ()
    steps = (*first, *safety.steps, step)
    fullest = min(checks.known_spaces(facts), key=lambda space: space.free, default=None)
    return Plan(
        intent=intent,
        verb="Revert",
        title=f"Revert {domain.name} to {snapshot.name}",
        after=_after(facts, step),
        lost=_lost(facts, safety.kind, {now.target for _, now in moved}),
        undo=safety.undo,
        space=_space(facts, safety.needs),
        refusals=tuple(refusals),
        warnings=(
            *(hung or ()),
            *safety.warnings,
            *(beneath.warnings(facts, snapshot) if moved else ()),
            *_left_out(facts, snapshot),
            *([] if intent.reset_nvram else _variables(facts, snapshot)),
            *(revert_external.warnings(snapshot) if outside else ()),
            *([doubt] if doubt and abilities.tried(facts.host) else ()),
            *checks.version_warnings(facts),
        ),
        unchecked=tuple(unread),
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=safety.kind is SafetyKind.NONE or bool(unread),
        changes=() if isinstance(facts.changes, NotKnown) else facts.changes,
        room=Room(safety.needs, fullest, safety.needs),
    )


def _variables(facts: Facts, snapshot: Snapshot) -> list[str]:
    if snapshot.kind is Kind.INTERNAL:
        return checks.variables_warnings(facts, "stay as they are now")
    return ["The UEFI variables stay as they are now."] if facts.status.config.pflash else []


def _doubt(facts: Facts, snapshot: Snapshot) -> str:
    """What not every build of this libvirt can; empty when it can."""
    inside = snapshot.kind is Kind.INTERNAL and snapshot.has_memory
    if not inside or not abilities.may_fail_with_ram_inside(facts.host):
        return ""
    return (
        f"Whether this libvirt {abilities.name(facts.host)} loads RAM from an image: Debian 13's "
        "does, upstream's stops the guest and fails."
    )


def _before_it_fails(facts: Facts, snapshot: Snapshot) -> str:
    """What libvirt has done when it finds that a part is gone: it takes disk after disk."""
    first = image_checks.internal_disks(snapshot)[0].path or ""
    inside = facts.entries(first) or frozenset()
    if not snapshot.has_memory and snapshot.name in {name for _, name in inside}:
        return Harm.HALF
    return Harm.STOPPED if facts.status.domain.state.active else ""


def external_refusals(facts: Facts, snapshot: Snapshot) -> list[str]:
    """Without a libvirt that reverts to external snapshots, and how it is done by hand."""
    if snapshot.kind is not Kind.EXTERNAL:
        return []
    name = facts.name
    if snapshot.name in facts.layers.broken:
        why = f"{snapshot.name} is broken: {facts.layers.broken[snapshot.name]}."
        return [Refusal(why, code=checks.CONFIG_UNSUPPORTED)]
    makes = ("qemu-img", "create", "-f", "qcow2", "-b")
    lines = "; ".join(
        shell.line((*makes, disk.path, "-F", disk.format or "raw", f"{disk.path}.again"))
        for disk in frozen(snapshot).values()
        if disk.path is not None
    )
    ram = ""
    if snapshot.memory_path is not None:
        ram = (
            f" Its RAM is in {snapshot.memory_path}: virsh restore --xml loads it with such disks."
        )
    return [
        Refusal(
            f"{snapshot.name} is external, and {abilities.no_external_revert(facts.host)}. "
            "By hand: its disks lie unchanged beneath the overlays. With "
            f"{name} shut off make new overlays on them ({lines}) and let the disks be those "
            "(virsh edit). Never write to the images themselves: the overlays of now lie upon them."
            f"{ram}",
            code=checks.CONFIG_UNSUPPORTED,
        )
    ]


def _after(facts: Facts, step: RevertTo) -> str:
    snapshot = step.snapshot
    state = step.end_state
    shown = state.value.upper() if state is not None else f"in the state {snapshot.state}"
    moment = f"{text.when(snapshot.created)} ({text.age(snapshot.created, facts.read_at)})"
    how = "as on" if step.state is RunState.RECORDED else "as you ask, with the disks of"
    if not snapshot.has_memory and step.state is not RunState.RECORDED:
        how = "freshly started, with the disks of"
    reset = ", UEFI variables reset" if step.reset_nvram else ""
    return f"After this {facts.status.domain.name} will be {shown}, {how} {moment}{reset}"


def _lost(facts: Facts, kept: SafetyKind, beneath_now: Collection[str]) -> str:
    since = facts.snapshots.get(facts.current or "")
    disks = ", ".join(disk.target for disk in checks.writable_disks(facts.status.config.disks))
    moment = f" since {text.when(since.created)}" if since is not None else " and in no snapshot"
    lost = [f"{_written(facts)} to {disks or 'its disks'}{moment}", _changed(facts)]
    if beneath_now:
        lost[0] = f"all that {disks} hold{'s' * (',' not in disks)} now"
    memory = ["the running memory"] if facts.status.domain.state.active else []
    lost = [words for words in lost if words]
    if kept is SafetyKind.NONE:
        return ", ".join([lost[0], *memory, *lost[1:]])
    if kept is SafetyKind.DISKS_AND_RAM:
        lost = [lost[0], *memory, *lost[1:]]
        memory = []
    until_undone = f"until undone: {', '.join(lost)}"
    return f"{memory[0]} for good; {until_undone}" if memory else until_undone


def _written(facts: Facts) -> str:
    """What no snapshot holds, in bytes where they were counted."""
    written = written_since(facts.status.config, checks.still_true(facts))
    if isinstance(written, NotKnown):
        return "all written"
    more = " or more" if facts.status.domain.state.active else ""
    return f"{text.size(written)}{more} written"


def _changed(facts: Facts) -> str:
    if isinstance(facts.changes, NotKnown):
        return "configuration changes since, if there are any"
    number = len(facts.changes)
    return text.count(number, "configuration change") if number else ""


def _left_out(facts: Facts, snapshot: Snapshot) -> list[str]:
    """Disks that do not come back, by name."""
    kept = {part.target for part in snapshot.disks if part.presence is not Presence.NO}
    then = {disk.target: disk for disk in snapshot.config.disks} if snapshot.config else {}
    now = {disk.target: disk for disk in facts.status.config.disks}
    stays = []
    for disk in checks.writable_disks(tuple(then.values())):
        if disk.target in kept:
            continue
        stay = f"{disk.target} is not part of the snapshot"
        if disk.target not in now or now[disk.target].path == disk.path:
            stays.append(f"{stay} and stays as it is now.")
        else:
            written = facts.layers.frozen_by.get(disk.path or "")
            until = f" when {written} was taken" if written is not None else ""
            stays.append(f"{stay}: it becomes what {disk.path} holds, as it was{until}.")
    dropped = [
        f"{disk.target} ({disk.path or 'no file'}) was attached later; the domain loses it, "
        "the file stays."
        for disk in facts.status.config.disks
        if disk.target not in then and disk.snapshot is not Presence.NO
    ]
    return stays + dropped


def _space(facts: Facts, needs: int) -> str:
    space = checks.smallest_space(facts)
    need = f"up to {text.size(needs)}" if needs else "next to nothing"
    if space is None:
        return f"needs {need}, free ?"
    return f"needs {need}, free {text.size(space[0])} of {text.size(space[1])}"
