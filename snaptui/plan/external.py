"""The plan of a create whose data lie in files of their own (overlays, a memory file)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from snaptui import abilities, text
from snaptui.abilities import Can, Wrong, can, does
from snaptui.model import (
    Agent,
    AgentState,
    Disk,
    DomainState,
    DomainStatus,
    Form,
    ImageInfo,
    NotKnown,
    Presence,
    SnapshotDisk,
)
from snaptui.new_snapshot import NewSnapshot
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.room import Room, room
from snaptui.plan.steps import CreateSnapshot

FILE_NAME_BYTES = 255
_NOT_ASKED = Agent(AgentState.UNKNOWN, reason="it was not asked")


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan overlays for all disks, and with :attr:`Form.EXTERNAL` a file for the RAM."""
    domain = facts.status.domain
    new = resolved(intent, facts.status)
    step = CreateSnapshot(new)
    steps = (step,) if intent.name else ()
    refusals = [
        *checks.name_problems(intent.name, facts, inside=False),
        *checks.description_problems(intent.description),
        *checks.create_refusals(facts),
        *_save_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, step),
        *(_reuse_refusals(facts, new) if new.reuse else ()),
        *(_quiesce_refusals(facts) if new.quiesce else ()),
    ]
    if facts.status.hung:
        refusals.append(
            f"QEMU of {domain.name} does not answer, and it must take part. "
            f"Power {domain.name} off (virsh destroy) or wait until it answers."
        )
    unchecked = tuple(
        f"Whether there is a file {path} already" + (", which libvirt would overwrite" * ram)
        for path in new.files
        for ram in (path == new.memory_path,)
        if facts.exists(path) is None
    )
    needed = _room(facts, new)
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create an external snapshot of {domain.name}",
        after=_after(facts, new),
        lost="nothing",
        undo="yes, by deleting it, which merges the overlays back",
        space=f"{needed.words}; overlays grow",
        refusals=tuple(refusals),
        warnings=tuple(_warnings(facts, new, needed)),
        unchecked=unchecked,
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=new.memory_path is not None and facts.exists(new.memory_path) is None,
        room=needed,
    )


def obstacles(intent: CreateIntent, facts: Facts) -> list[str]:
    """Why not all disks, and the RAM if asked for, can be kept in files, with the way round."""
    new = resolved(intent, facts.status)
    return [
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, CreateSnapshot(new)),
        *(f"{target} would be left out: it has no way back." for target in new.left_out),
    ]


def resolved(intent: CreateIntent, status: DomainStatus) -> NewSnapshot:
    """What an intent means for a domain: the disks one by one, and the names of all files.

    What makes no sense for the form or the state of the domain is left out: a freeze is
    possible with disks alone, and saving the RAM of a guest that runs on with a file for it.
    """
    active, form = status.domain.state.active, intent.form
    chosen = {disk.target: disk for disk in intent.disks}
    disks = checks.writable_disks(status.config.disks)
    presence = {
        disk.target: chosen[disk.target].presence
        if disk.target in chosen
        else Presence.NO
        if disk.snapshot is Presence.NO
        else Presence.EXTERNAL
        for disk in disks
    }
    inside = [disk for disk in disks if presence[disk.target] is Presence.EXTERNAL]
    paths = overlay_paths(inside, intent.name)
    parts = [
        SnapshotDisk(target, taking, _chosen_path(chosen.get(target)) or paths.get(target))
        for target, taking in presence.items()
    ]
    unknown = [disk for target, disk in chosen.items() if target not in presence]
    memory = intent.memory_path or memory_path(inside, intent.name)
    return NewSnapshot(
        name=intent.name,
        description=intent.description,
        disks=(*parts, *unknown),
        memory_path=memory if form is Form.EXTERNAL else None,
        quiesce=intent.quiesce and form is Form.DISK_ONLY and active,
        halt=intent.halt and active,
        live=intent.live and form is Form.EXTERNAL and active,
        reuse=intent.reuse,
    )


def _chosen_path(chosen: SnapshotDisk | None) -> str | None:
    return chosen.path if chosen is not None else None


def overlay_paths(disks: Collection[Disk], name: str) -> Mapping[str, str]:
    """By target, where the overlay of each disk goes.

    As libvirt itself would choose (virDomainSnapshotAlignDisks: the image's path with its
    last suffix replaced by the snapshot's name); with the target in it where two images
    would get the same.
    """
    paths: dict[str, str] = {}
    for disk in disks:
        stem = _stem(disk)
        path = f"{stem}.{name}"
        paths[disk.target] = path if path not in paths.values() else f"{stem}.{disk.target}.{name}"
    return MappingProxyType(paths)


def memory_path(disks: Collection[Disk], name: str) -> str | None:
    """The file for the RAM, beside the first disk; ``None`` when there is no disk."""
    return next((f"{_stem(disk)}.{name}.mem" for disk in disks), None)


def _stem(disk: Disk) -> str:
    folder, slash, file = (disk.path or "").rpartition("/")
    stem = file.rpartition(".")[0] if "." in file else file
    return f"{folder}{slash}{stem}"


def _disk_refusals(intent: CreateIntent, facts: Facts, new: NewSnapshot) -> list[str]:
    name, disks = facts.status.domain.name, facts.status.config.disks
    there = {disk.target: disk for disk in checks.writable_disks(disks)}
    refusals: list[str] = []
    if not there:
        sentence = f"{name} has no disk that a snapshot could hold."
        return [Refusal(sentence, code=checks.CONFIG_UNSUPPORTED)]
    for part in new.disks:
        disk = there.get(part.target)
        if disk is None:
            kept = part.presence is Presence.NO and part.target in {d.target for d in disks}
            sentence = f"{name} has no writable disk {part.target}."
            refusals += [] if kept else [Refusal(sentence, code=checks.CONFIG_UNSUPPORTED)]
        elif part.presence is Presence.INTERNAL:
            refusals.append(
                Refusal(
                    f"{part.target} would be kept inside its image and others outside: libvirt "
                    "takes all inside or all outside.",
                    code=checks.CONFIG_UNSUPPORTED,
                )
            )
        elif part.presence is Presence.EXTERNAL and (problem := _disk_problem(disk, intent)):
            refusals.append(problem)
    if not new.overlays and not refusals:
        refusals.append(
            Refusal("No disk takes part. Choose one at least.", code=checks.CONFIG_UNSUPPORTED)
        )
    return refusals


def _disk_problem(disk: Disk, intent: CreateIntent) -> str:
    """Why a disk cannot get its overlay, with the way round; empty when it can."""
    name = disk.target
    asked = {one.target: one.path for one in intent.disks}
    if disk.source_type == "block" and not asked.get(name):
        return Refusal(
            f"{name} is a block device, beside which no overlay can lie. Choose a file for it.",
            harm=Harm.IN_DEV,
        )
    if disk.source_type not in ("file", "block") or disk.path is None:
        return Refusal(
            f"{name} is a {disk.source_type} disk; snaptui puts no overlay on such a disk yet. "
            "Leave it out.",
            code=None if asked.get(name) else checks.XML_ERROR,
        )
    if disk.snapshot not in (None, Presence.EXTERNAL) and name not in asked:
        return (
            f'{name} is set to snapshot="{disk.snapshot.value}" in the domain, and snaptui does '
            "not pass over that yet. Choose an overlay for it, or leave it out."
        )
    if disk.shareable:
        return Refusal(
            f"{name} is shared with other guests, which would not see the overlay. Leave it out.",
            code=checks.CONFIG_UNSUPPORTED,
        )
    if disk.device == "lun":
        return f"{name} is a lun, which cannot have an overlay."
    return ""


def _ram_refusals(facts: Facts) -> list[str]:
    status = facts.status
    name = status.domain.name
    refusals: list[str] = []
    if not status.domain.state.active:
        sentence = f"{name} is {status.domain.state.value} and has no RAM. Choose disks only."
        refusals.append(Refusal(sentence, code=checks.XML_ERROR))
    if status.config.passthrough:
        refusals.append(
            f"{name} has host devices ({', '.join(status.config.passthrough)}), whose state "
            "cannot be saved. Choose disks only."
        )
    if status.config.pflash:
        refusals.append(
            f"{name} keeps UEFI variables in a pflash image; with them snaptui saves no RAM to "
            "a file yet. Choose disks only."
        )
    return refusals


def _file_refusals(facts: Facts, step: CreateSnapshot) -> list[str]:
    new = step.new
    named = new.files
    refusals: list[str] = [
        _in_the_way(path, is_ram=path == new.memory_path) for path in new.made if facts.exists(path)
    ]
    refusals += [
        Refusal(f"{path} must begin with /.", code=checks.XML_ERROR)
        for path in named
        if not path.startswith("/")
    ]
    refusals += [
        f"{path} is named twice." for path in dict.fromkeys(named) if named.count(path) > 1
    ]
    if any(map(text.invisible, "".join(named))):
        refusals.append("The name of a file has control or invisible characters.")
    longest = max((_name_bytes(path) for path in named), default=0)
    if longest > FILE_NAME_BYTES:
        refusals.append(
            f"The name of a file would have {longest} bytes, and {FILE_NAME_BYTES} are possible. "
            "Take a shorter name."
        )
    if any("," in path for path in named) and not facts.status.domain.state.active:
        refusals.append(
            "libvirt makes the overlay of a shut-off domain under another name when there is a "
            "comma in it, and the domain then does not start. Take a name without one, or start "
            "the domain first."
        )
    return refusals


def _in_the_way(path: str, *, is_ram: bool) -> str:
    sentence = f"{path} is there already. Take another name or, if it is meant, use what is there."
    if is_ram:
        return Refusal(sentence, harm=Harm.OVERWRITTEN)
    return Refusal(sentence, code=checks.CONFIG_UNSUPPORTED)


def _save_refusals(facts: Facts) -> list[str]:
    """A save names the images of its own time, and its start writes to those."""
    if not facts.status.managed_save:
        return []
    return [
        Refusal(
            f"{facts.name} has a managed save, whose start would write to the images beneath the "
            "overlays. Start it, or drop the save (virsh managedsave-remove).",
            harm=Harm.SAVE_BENEATH,
        )
    ]


def _reuse_refusals(facts: Facts, new: NewSnapshot) -> list[str]:
    """libvirt looks at none of this (VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)."""
    now = {disk.target: disk for disk in facts.status.config.disks}
    refusals: list[str] = []
    for target, path in new.overlays.items():
        image, disk = facts.images.get(path), now.get(target)
        if not isinstance(image, ImageInfo):
            why = image.reason if isinstance(image, NotKnown) else "it was not looked at"
            sentence = f"The overlay of {target} cannot be looked at: {why}"
            code = None if facts.exists(path) else checks.NO_FILE
            refusals.append(Refusal(sentence, code=code))
            continue
        if disk is None or disk.path is None:
            continue
        if image.format != "qcow2" or image.backing != disk.path:
            beneath = image.backing if isinstance(image.backing, str) else "no known image"
            lies = "is no qcow2 image" if image.format != "qcow2" else f"lies upon {beneath}"
            refusals.append(f"{path} {lies}, and must lie upon {disk.path}.")
        elif image.backing_format != (disk.format or None):
            refusals.append(
                f"{path} takes {disk.path} for {image.backing_format or 'it does not say what'}, "
                f"and it is {disk.format}."
            )
        below = facts.images.get(disk.path)
        if isinstance(below, ImageInfo) and image.virtual_size < below.virtual_size:
            refusals.append(f"{path} is smaller than {disk.path}.")
        if image.snapshots:
            refusals.append(f"{path} holds snapshots of its own.")
    return refusals


def _name_bytes(path: str) -> int:
    return len(path.rpartition("/")[2].encode("utf-8", "surrogateescape"))


def _quiesce_refusals(facts: Facts) -> list[str]:
    """The guest agent is asked before; libvirt refuses with the same errors."""
    name, agent = facts.status.domain.name, facts.agent or _NOT_ASKED
    if facts.status.domain.state is DomainState.PAUSED:
        return [
            Refusal(
                f"{name} is paused, so nothing in it can freeze. Take it without a freeze.",
                code=checks.OPERATION_INVALID,
            )
        ]
    why, code = {
        AgentState.ABSENT: ("has no channel for a guest agent", checks.ARGUMENT_UNSUPPORTED),
        AgentState.DISCONNECTED: ("has no guest agent running", checks.AGENT_UNRESPONSIVE),
        AgentState.SILENT: ("has a guest agent that does not answer", checks.AGENT_UNRESPONSIVE),
        AgentState.FROZEN: (
            "has frozen file systems already (T thaws them)",
            checks.INTERNAL_ERROR,
        ),
        AgentState.UNKNOWN: (f"has a guest agent that fails: {agent.reason}", None),
        AgentState.ANSWERS: ("", None),
    }[agent.state]
    return [Refusal(f"{name} {why}. Take it without a freeze.", code=code)] if why else []


def _after(facts: Facts, new: NewSnapshot) -> str:
    domain = facts.status.domain
    several = len(new.overlays) > 1
    writes = "write to overlays" if several else "writes to an overlay"
    files = f"{', '.join(new.overlays)} {writes} from then on."
    if not domain.state.active:
        return f"{domain.name} stays {domain.state.value}; {files}"
    memory = text.size(facts.status.config.memory)
    if new.halt:
        first = f"up to {memory} of RAM are saved" if new.memory_path else "the disks are kept"
        return f"{domain.name} is SHUT OFF when {first}; {files}"
    if new.memory_path is None:
        stays = "stays paused" if domain.state is DomainState.PAUSED else "goes on running"
        frozen = ", its file systems frozen for a moment" if new.quiesce else ""
        return f"{domain.name} {stays}{frozen}, its RAM is not kept; {files}"
    if domain.state is DomainState.PAUSED:
        return f"{domain.name} stays paused; up to {memory} of RAM are saved, {files}"
    if new.live:
        return f"{domain.name} runs on while {memory} of RAM or more are saved; {files}"
    pause = text.pause(facts.status.config.memory)
    return (
        f"{domain.name} is PAUSED while up to {memory} of RAM are saved ({pause}), then runs; "
        f"{files}"
    )


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
    if new.memory_path is None and status.domain.state.active and not new.quiesce:
        warnings.append(
            "What the guest has not written to its disks yet is not in it: as after a power cut."
        )
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
