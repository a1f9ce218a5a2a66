"""The plan of a delete."""

from __future__ import annotations

from collections import Counter

from snaptui import text
from snaptui.abilities import Wrong, does
from snaptui.costs import reclaim_of
from snaptui.entries import Stray, strays
from snaptui.image_model import ImageInfo, NotKnown
from snaptui.model import Kind, Presence, Scope, Snapshot, SnapshotDisk
from snaptui.plan import checks, delete_external, image_checks
from snaptui.plan.after_delete import after_delete, descendants, frozen
from snaptui.plan.facts import Facts
from snaptui.plan.findings import Findings
from snaptui.plan.metadata_steps import Adopt
from snaptui.plan.plan import DeleteIntent, DeleteManyIntent, Plan
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.room import table_refusals
from snaptui.plan.steps import DeleteSnapshot, DomainStep
from snaptui.qcow2.usage import ImageUsage


def plan(intent: DeleteIntent, facts: Facts) -> Plan:
    """Plan the delete of one snapshot, of all below it, or of both, leaves first.

    libvirt's own flags for children are never used: they crash its daemon in some trees.
    """
    below = tuple(reversed(facts.below))
    names, of = {
        Scope.THIS: ((intent.name,), f"{intent.name} of {facts.status.domain.name}"),
        Scope.WITH_CHILDREN: (
            (*below, intent.name),
            f"{intent.name} of {facts.status.domain.name} and all below it",
        ),
        Scope.CHILDREN: (below, f"all below {intent.name} of {facts.status.domain.name}"),
    }[intent.scope]
    refusals: list[str] = []
    if intent.name not in facts.names:
        refusals.append(facts.absent(intent.name))
    elif not names:
        refusals.append(f"There is nothing below {intent.name}.")
    left: tuple[str, ...] = ()
    if intent.scope is Scope.THIS and facts.below:
        left = (f"{text.count(len(facts.below), 'snapshot')} below it stay and move up.",)
    return _plan(intent, facts, names, of, refusals, left)


def plan_many(intent: DeleteManyIntent, facts: Facts) -> Plan:
    """Plan the delete of several snapshots: no parent before its child."""
    number = len(intent.names) + len(intent.strays)
    what = text.count(number, "snapshot")
    if number == 1:
        what = intent.names[0] if intent.names else f"the stray {intent.strays[0]}"
    refusals = [facts.absent(name) for name in intent.names if name not in facts.names]
    names = _children_first(intent.names, facts)
    of = f"{what} of {facts.status.domain.name}"
    return _plan(intent, facts, names, of, refusals, (), intent.strays)


def _children_first(names: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """The names, each before what it is below of, as far as the facts hold what lies between.

    Then none of them is changed by the delete of another: libvirt gives the children of a
    deleted snapshot a new parent.
    """
    depth: dict[str, int] = {}
    for name in names:
        chain: list[str] = []
        at: str | None = name
        while at is not None and at not in depth and at not in chain:
            chain.append(at)
            snapshot = facts.snapshots.get(at)
            at = snapshot.parent if snapshot is not None else None
        start = depth.get(at or "", 0)
        for place, one in enumerate(reversed(chain), 1):
            depth[one] = start + place
    return tuple(sorted(names, key=lambda name: -depth[name]))


def _plan(
    intent: DeleteIntent | DeleteManyIntent,
    facts: Facts,
    names: tuple[str, ...],
    of: str,
    refusals: list[str],
    left: tuple[str, ...],
    stray_names: tuple[str, ...] = (),
) -> Plan:
    domain = facts.status.domain
    found = {stray.name: stray for stray in strays(facts.names, facts.images)}
    extra = [found[name] for name in stray_names if name in found]
    refusals += [
        f"The stray {name} is not there any more." for name in stray_names if name not in found
    ]
    for stray in extra:
        refusals += _stray_refusals(stray, facts, metadata_only=intent.metadata_only)
    victims = [facts.snapshots[name] for name in names if name in facts.snapshots]
    if len(victims) != len(names) and not refusals:
        refusals.append("Some of the snapshots could not be read.")
    for snapshot in victims:
        refusals += checks.hold_refusals(snapshot)
    told = _metadata(facts, victims) if intent.metadata_only else _data(facts, victims, extra)
    refusals += [one for one in told.refusals if one not in refusals]
    told.warnings += left
    if facts.unrecorded:
        told.warnings.append(checks.unrecorded_warning(facts.unrecorded))
    steps: tuple[DomainStep, ...] = (
        *(DeleteSnapshot(snapshot, intent.metadata_only) for snapshot in victims),
        *(step for stray in extra for step in _stray_steps(stray, facts)),
    )
    return Plan(
        intent=intent,
        verb="Delete",
        title=f"Delete {'the metadata of ' if intent.metadata_only else ''}{of}",
        after=_after(facts, names, victims),
        lost=_lost(facts, [*victims, *extra], metadata_only=intent.metadata_only),
        undo=(
            "yes, virsh snapshot-create --redefine with the XML that is saved before"
            if intent.metadata_only
            else "NO, a deleted snapshot cannot be brought back"
        ),
        space="frees nothing"
        if intent.metadata_only
        else _space(facts, [*victims, *extra], told.needs),
        refusals=tuple(refusals),
        warnings=(*told.warnings, *checks.version_warnings(facts)),
        unchecked=tuple(told.unchecked),
        notes=tuple(told.notes),
        lines=tuple(step.virsh(facts.host, domain) for step in steps),
        steps=steps,
        type_name=bool(told.unchecked or facts.unrecorded),
    )


def _data(facts: Facts, victims: list[Snapshot], extra: list[Stray]) -> Findings:
    """What is to be said where the data go.

    Each delete is looked at as things are after those before it.
    """
    found = Findings(refusals=checks.domain_refusals(facts))
    at = facts
    for victim in victims:
        snapshot = at.snapshots[victim.name]
        found.refusals += checks.kind_refusals(snapshot, "delete")
        found.refusals += checks.unfinished_refusals(at, snapshot)
        found.add(
            delete_external.look(at, snapshot)
            if snapshot.kind is Kind.EXTERNAL
            else _inside(at, snapshot)
        )
        at = after_delete(at, snapshot, metadata_only=False)
    written = {disk.path for one in victims for disk in image_checks.internal_disks(one)}
    written |= {path for stray in extra for path, _ in stray.parts}
    found.refusals += table_refusals(facts, written)
    found.add(delete_external.room(facts, victims))
    if any(one.kind is Kind.EXTERNAL for one in victims):
        found.unchecked += [f"Whether others use these images: {one}" for one in facts.doubts]
    return found


def _inside(facts: Facts, snapshot: Snapshot) -> Findings:
    """The same for one that lies inside of images.

    Beneath an overlay libvirt deletes it only while the domain is off; nothing of what the
    overlay shows changes then (tests/live/test_external_delete.py).
    """
    found = Findings(refusals=image_checks.detached_refusals(facts, snapshot))
    if snapshot.config is None:
        found.refusals.append(_without_domain(facts, snapshot))
    for then, now in image_checks.moved_disks(facts, snapshot):
        known = then.path in facts.layers.in_use or snapshot.name in facts.layers.broken
        if not known:
            found.refusals.append(image_checks.other_image(facts, then, now))
        elif facts.status.domain.state.active:
            found.refusals.append(
                Refusal(
                    f"{snapshot.name} lies in {then.path}, and {facts.name} writes to {now.path} "
                    "now: libvirt deletes it only while the domain is off. Shut it down first.",
                    code=checks.OPERATION_UNSUPPORTED,
                )
            )
    why = checks.job_problem(facts, snapshot.name)
    if why and facts.status.domain.state.active:
        sentence = f"{why}: {snapshot.name} is deleted only while {facts.name} is off."
        found.refusals.append(Refusal(sentence, code=checks.INTERNAL_ERROR))
    gone, twins, _, unread = image_checks.entry_problems(facts, snapshot)
    found.warnings += [f"{sentence} Only its metadata go." for sentence in gone]
    for disk in image_checks.internal_disks(snapshot):
        if why := image_checks.closed_to_writers(disk, facts):
            if isinstance(facts.images.get(disk.path or ""), ImageInfo):
                found.refusals.append(
                    Refusal(f"{why} libvirt would drop only the metadata.", harm=Harm.LEFT_INSIDE)
                )
            else:
                found.warnings.append(f"{why} Only its metadata go.")
    found.refusals += [
        Refusal(f"{sentence} libvirt would delete only one of them.", harm=Harm.TWIN_LEFT)
        for sentence in twins
    ]
    found.unchecked += unread
    return found


def _without_domain(facts: Facts, snapshot: Snapshot) -> str:
    """Its record does not say which images it lies in, and libvirt takes that for granted."""
    way = "Delete only its metadata: it is a stray then, and can be deleted as one."
    if facts.status.domain.state.active:
        return Refusal(
            f"The metadata of {snapshot.name} hold no domain, and a delete while {facts.name} is "
            f"active crashes libvirt's daemon. {way}",
            harm=Harm.CRASH,
        )
    return f"The metadata of {snapshot.name} hold no domain; snaptui does not delete it yet. {way}"


def _stray_steps(stray: Stray, facts: Facts) -> tuple[DomainStep, ...]:
    """Make it known, so that libvirt deletes it under the domain's lock, running or not."""
    disks = checks.writable_disks(facts.status.config.disks)
    snapshot = Snapshot(
        name=stray.name,
        parent=None,
        created=stray.created,
        state="shutoff",
        description="",
        memory=Presence.NO,
        memory_path=None,
        disks=tuple(SnapshotDisk(disk.target, Presence.INTERNAL) for disk in disks),
        config=facts.status.config,
        delete_in_progress=False,
        digest="",
    )
    return Adopt(stray.name, stray.created), DeleteSnapshot(snapshot)


def _stray_refusals(stray: Stray, facts: Facts, *, metadata_only: bool) -> list[str]:
    name = stray.name
    by_hand = "With the domain shut off, qemu-img snapshot -d can."
    if metadata_only:
        return [f"{name} is a stray: it has no metadata."]
    refusals: list[str] = []
    why = checks.job_problem(facts, name)
    if why and facts.status.domain.state.active:
        sentence = f"{why}: {name} is deleted only while {facts.name} is off."
        refusals.append(Refusal(sentence, code=checks.INTERNAL_ERROR))
    if "/" in name or name.startswith(".") or "\ufffd" in name:
        refusals.append(f"libvirt cannot be told to delete {name}: no snapshot can be called so.")
    if len(name.encode("utf-8", "surrogateescape")) > checks.NAME_BYTES:
        refusals.append(f"libvirt cannot be told to delete {name}: its name is too long. {by_hand}")
    now = {disk.path for disk in checks.writable_disks(facts.status.config.disks)}
    for path, number in Counter(path for path, _ in stray.parts).items():
        if path not in now:
            refusals.append(f"{name} is in {path}, which is not a disk of the domain now.")
        elif number > 1:
            refusals.append(
                f"{path} holds {number} snapshots called {name}: libvirt would delete only one."
            )
    return refusals


def _metadata(facts: Facts, victims: list[Snapshot]) -> Findings:
    """The same, where only libvirt's records go."""
    refusals = checks.metadata_refusals(facts)
    refusals += [
        Refusal(one, harm=Harm.MARK_LOST)
        for each in victims
        for one in checks.unfinished_refusals(facts, each)
    ]
    refusals += _spoiling_refusals(facts, victims)
    warnings = []
    inside = [one.name for one in victims if one.kind in (Kind.INTERNAL, Kind.MIXED)]
    if inside:
        warnings.append(
            f"Inside the images the data of {', '.join(inside)} stay and keep their space; "
            "libvirt's tools do not show them any more, qemu-img does."
        )
    warnings += _between(facts, victims)
    files = [path for one in victims for path in _files(one)]
    if files:
        warnings.append(
            f"These files stay, and nothing tells any more what they are: {', '.join(files)}."
        )
    return Findings(refusals, warnings)


def _spoiling_refusals(facts: Facts, victims: list[Snapshot]) -> list[str]:
    """It lets external ones below name the images beneath, as if data were merged too."""
    if not does(facts.host, Wrong.SPOILS_RECORDS):
        return []
    names = {one.name for one in victims}
    return [
        Refusal(
            f"libvirt would put other images into the record of {below.name}, as if the overlays "
            f"of {victim.name} were merged. Delete the metadata of {below.name} too.",
            harm=Harm.RECORDS_SPOILED,
        )
        for victim in victims
        for name in sorted(descendants(facts.snapshots, victim.name) - names)
        if name not in facts.layers.broken
        and (below := facts.snapshots[name]).kind is Kind.EXTERNAL
        and below.config is not None
        and {disk.path for disk in below.config.disks} & frozen(victim).keys()
    ]


def _between(facts: Facts, victims: list[Snapshot]) -> list[str]:
    """Where libvirt keeps branches, what it can merge no more: overlays stay between."""
    branches, names = facts.layers.branches, {one.name for one in victims}
    return [
        f"{one.parent} cannot be deleted after that, only its metadata: the overlays of "
        f"{one.name} stay between."
        for one in victims
        if branches.known and one.kind is Kind.EXTERNAL and one.name not in branches.ended
        if one.parent not in names and one.parent in facts.external
    ]


def _files(snapshot: Snapshot) -> list[str]:
    overlays = [part.path for part in snapshot.disks if part.path is not None]
    return overlays + ([snapshot.memory_path] if snapshot.memory_path is not None else [])


def _after(facts: Facts, names: tuple[str, ...], victims: list[Snapshot]) -> str:
    left = text.count(len(set(facts.names) - set(names)), "snapshot")
    after = f"{facts.status.domain.name} goes on as it is, with {left} left."
    current, parents = facts.current, {one.name: one.parent for one in victims}
    while current in parents:
        current = parents[current]
    if current != facts.current:
        after += f" Current becomes {current or 'none'}."
    return after


def _lost(facts: Facts, all_of_it: list[Snapshot | Stray], *, metadata_only: bool) -> str:
    if metadata_only:
        return "what libvirt knows of it: times, parent, description, the domain of then; no data"
    if len(all_of_it) != 1:
        return f"{len(all_of_it)} snapshots: {', '.join(one.name for one in all_of_it)}"
    (snapshot,) = all_of_it
    if isinstance(snapshot, Stray):
        return f"what its disks were at {text.when(snapshot.created)}"
    made = f"{text.when(snapshot.created)} ({text.age(snapshot.created, facts.read_at)})"
    overlays = [part.path for part in snapshot.disks if part.presence is Presence.EXTERNAL]
    if overlays and snapshot.name not in facts.layers.branches.ended:
        ram = " and its saved RAM" if snapshot.has_memory else ""
        return f"the way back to {made}{ram}; what was written since is merged, not lost"
    return f"the state of {made}: {'disks and RAM' if snapshot.has_memory else 'disks'}"


def _space(facts: Facts, victims: list[Snapshot | Stray], needs: str) -> str:
    counted = checks.still_true(facts)
    freed = reclaim_of(victims, counted, facts.layers)
    space = checks.smallest_space(facts)
    free = f"free {text.size(space[0]) if space else '?'}"
    first = f"{needs}, then " if needs else ""
    if isinstance(freed, NotKnown):
        return f"{first}frees ? ({freed.reason}), {free}"
    if needs:
        return f"{first}frees {text.size(freed)}, {free}"
    images = (facts.counted[path] for path in counted if path in facts.images)
    shrink = all(isinstance(one, ImageUsage) and one.given_back for one in images)
    becomes = "the images shrink" if shrink else "the images may keep it for their next writes"
    return f"frees {text.size(freed)}, {free}; {becomes}"
