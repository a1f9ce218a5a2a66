"""What forbids a create of overlays, each with the way round."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui import text
from snaptui.image_model import Damaged, ImageInfo, Missing, NotKnown
from snaptui.model import Agent, AgentState, Disk, DomainState, Form, Presence
from snaptui.new_snapshot import NewSnapshot
from snaptui.plan import checks, image_checks
from snaptui.plan.facts import Facts
from snaptui.plan.overlays import resolved
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Harm, Refusal
from snaptui.plan.steps import CreateSnapshot

FILE_NAME_BYTES = 255
_NOT_ASKED = Agent(AgentState.UNKNOWN, reason="it was not asked")


def refusals(intent: CreateIntent, facts: Facts, step: CreateSnapshot) -> list[str]:
    """All that forbids it."""
    new = step.new
    found = [
        *checks.name_problems(intent.name, facts, inside=False),
        *checks.description_problems(intent.description),
        *checks.create_refusals(facts),
        *_save_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, step),
        *_beneath_refusals(facts, new),
        *(_reuse_refusals(facts, new) if new.reuse else ()),
        *(_quiesce_refusals(facts) if new.quiesce else ()),
    ]
    if facts.status.hung:
        found.append(
            f"QEMU of {facts.name} does not answer, and it must take part. "
            f"Power {facts.name} off (virsh destroy) or wait until it answers."
        )
    return found


def doubts(facts: Facts, new: NewSnapshot) -> Iterator[str]:
    """What could not be checked of it, with the reason."""
    for path in new.files:
        if facts.exists(path) is None:
            ram = ", which libvirt would overwrite" if path == new.memory_path else ""
            yield f"Whether there is a file {path} already{ram}"
    yield from _doubts_beneath(facts, new)


def obstacles(intent: CreateIntent, facts: Facts) -> list[str]:
    """Why not all disks, and the RAM if asked for, can be kept in files, with the way round."""
    new = resolved(intent, facts.status)
    return [
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, CreateSnapshot(new)),
        *(f"{target} would be left out: it has no way back." for target in new.left_out),
    ]


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
    refusals += [
        Refusal(
            f"{disk.path} is gone, and QEMU, which has it open still, cannot save the RAM then. "
            "Choose disks only.",
            code=checks.OPERATION_FAILED,
        )
        for disk in checks.writable_disks(status.config.disks)
        if status.domain.state.active and isinstance(facts.images.get(disk.path or ""), Missing)
    ]
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


def _beneath(facts: Facts, new: NewSnapshot) -> Iterator[tuple[Disk, ImageInfo | NotKnown]]:
    """What the overlays are to lie upon; while a domain is active its QEMU has it open."""
    if not facts.status.domain.state.active:
        for disk in checks.writable_disks(facts.status.config.disks):
            image = facts.images.get(disk.path or "")
            if disk.target in new.overlays and image is not None:
                yield disk, image


def _beneath_refusals(facts: Facts, new: NewSnapshot) -> Iterator[str]:
    for disk, image in _beneath(facts, new):
        if isinstance(image, Missing) or disk.path in facts.cut_off:
            why = image_checks.closed_to_writers(disk, facts)
            yield Refusal(why, code=checks.INTERNAL_ERROR)
        elif isinstance(image, ImageInfo) and image.format != "qcow2" == disk.format:
            why = f"{disk.target} is called qcow2 but holds {image.format}: no overlay fits on it."
            yield Refusal(why, code=checks.INTERNAL_ERROR)


def _doubts_beneath(facts: Facts, new: NewSnapshot) -> Iterator[str]:
    for disk, image in _beneath(facts, new):
        if isinstance(image, Damaged):
            yield f"Whether QEMU lays an overlay on the image of {disk.target}: {image.reason}"
