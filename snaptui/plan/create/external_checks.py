"""What forbids a create of overlays, each with the way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.guest_agent import AGENTS_ASKED, Agent, AgentState
from snaptui.model.image import Damaged, FileSystem, Fixed, ImageInfo, Missing, NotKnown
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.plan.checks import (
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    name_checks,
    open_still,
    other_hosts,
)
from snaptui.plan.checks.whereabouts import traced
from snaptui.plan.create.overlay_paths import resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why

FILE_NAME_BYTES = 255
_NOT_ASKED = Agent(AgentState.UNKNOWN, reason="it was not asked")


def refusals(intent: CreateIntent, facts: Facts, step: CreateSnapshot) -> list[Refusal]:
    """All that forbids it."""
    new = step.new
    found = [
        *name_checks.name_problems(intent.name, facts, inside=False),
        *name_checks.description_problems(intent.description),
        *domain_checks.create_refusals(facts, halts=new.halt, outside=True),
        *_checkpoint_refusals(facts),
        *_save_refusals(facts),
        *domain_checks.journal_refusals(facts.unrecorded),
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts, new) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, step),
        *_beneath_refusals(facts, new),
        *open_still.create_refusals(
            facts, None if new.memory_path else new.overlays, ram_outside=bool(new.memory_path)
        ),
        *(_reuse_refusals(facts, new) if new.reuse else ()),
        *(_quiesce_refusals(facts) if new.quiesce else ()),
        *(domain_checks.power_off_refusals(facts) if new.halt else ()),
    ]
    if facts.status.hung:
        found.append(refuse(Why.HUNG, Way.POWER_OFF, domain=facts.name))
    return found


def doubts(facts: Facts, new: NewSnapshot) -> Iterator[Remark]:
    """What could not be checked of it, with the reason."""
    for path in new.files:
        if facts.exists(path) is None:
            is_ram = path == new.memory_path
            yield remark(Unchecked.RAM_FILE_FREE if is_ram else Unchecked.OVERLAY_FREE, path=path)
    yield from _doubts_beneath(facts, new)
    yield from other_hosts.doubts(facts)


def obstacles(intent: CreateIntent, facts: Facts) -> list[Refusal]:
    """Why not all disks, and the RAM if asked for, can be kept in files, with the way round."""
    new = resolved(intent, facts)
    return [
        *domain_checks.checkpoint_refusals(facts),
        *_disk_refusals(intent, facts, new),
        *(_ram_refusals(facts, new) if intent.form is Form.EXTERNAL else ()),
        *_file_refusals(facts, CreateSnapshot(new)),
        *_beneath_refusals(facts, new),
        *(refuse(Why.LEFT_OUT, disk=target) for target in new.left_out),
    ]


def _checkpoint_refusals(facts: Facts) -> list[Refusal]:
    """Those that are not in the way of every create already."""
    return [] if does(facts.host, Wrong.LOCKS_RECORDS) else domain_checks.checkpoint_refusals(facts)


def _disk_refusals(intent: CreateIntent, facts: Facts, new: NewSnapshot) -> list[Refusal]:
    name, disks = facts.status.domain.name, facts.status.config.disks
    there = {disk.target: disk for disk in domain_checks.writable_disks(disks)}
    unsupported = libvirt_codes.CONFIG_UNSUPPORTED
    refusals: list[Refusal] = []
    if not there:
        return [refuse(Why.NO_DISK, code=unsupported, domain=name)]
    for part in new.disks:
        disk = there.get(part.target)
        if disk is None:
            kept = part.presence is Presence.NO and part.target in {d.target for d in disks}
            if not kept:
                refusals.append(
                    refuse(Why.NO_SUCH_DISK, code=unsupported, domain=name, disk=part.target)
                )
        elif part.presence is Presence.INTERNAL:
            refusals.append(refuse(Why.INSIDE_AMONG_OUTSIDE, code=unsupported, disk=part.target))
        elif part.presence is Presence.EXTERNAL and (
            problem := _disk_problem(disk, intent, facts)
            or _transient_problem(disk, facts)
            or encryption.overlay_problem(disk, facts)
        ):
            refusals.append(problem)
    if not new.overlays and not refusals:
        refusals.append(refuse(Why.NONE_CHOSEN, Way.CHOOSE_ONE_DISK, code=unsupported))
    return refusals


def _disk_problem(disk: Disk, intent: CreateIntent, facts: Facts) -> Refusal | None:
    """Why a disk cannot get its overlay, with the way round; ``None`` when it can."""
    name = disk.target
    asked = {one.target: one.path for one in intent.disks}
    if (problem := disk_checks.overlay_problem(disk, facts)) is not None:
        return problem
    if _on_device(disk, facts) and not asked.get(name):
        return refuse(Why.BESIDE_DEVICE, Way.CHOOSE_FILE, harm=Harm.IN_DEV, disk=name)
    if disk.source_type not in ("file", "block") or disk.path is None:
        named = asked.get(name) or disk.source_type == "file"  # a part of it: it names the overlay
        code, kind = None if named else libvirt_codes.CONFIG_UNSUPPORTED, disk.source_type
        return refuse(Why.NO_OVERLAY_NOT_YET, Way.LEAVE_OUT, code=code, disk=name, kind=kind)
    if disk.snapshot not in (None, Presence.EXTERNAL) and name not in asked:
        setting = disk.snapshot.value
        return refuse(Why.SETTING_NOT_YET, Way.OVERLAY_OR_LEAVE_OUT, disk=name, setting=setting)
    if disk.shareable:
        return refuse(Why.SHARED, Way.LEAVE_OUT, code=libvirt_codes.CONFIG_UNSUPPORTED, disk=name)
    return None


def _on_device(disk: Disk, facts: Facts) -> bool:
    """Whether it is a device, also where its definition calls that a file."""
    space = facts.spaces.get(disk.path or "")
    device = isinstance(space, Fixed) or (isinstance(space, FileSystem) and space.device)
    return disk.source_type == "block" or device


def _transient_problem(disk: Disk, facts: Facts) -> Refusal | None:
    """A disk that writes to an overlay of libvirt's own while its guest runs.

    The QEMU that merges while it is off has one too, and fails over it (9.0 and 11.3).
    """
    if not disk.transient:
        return None
    active = facts.status.domain.state.active
    code = libvirt_codes.OPERATION_UNSUPPORTED if active else None
    way = Way.LEAVE_OUT
    return refuse(Why.TRANSIENT_OVERLAY, way, code=code, disk=disk.target, domain=facts.name)


def _ram_refusals(facts: Facts, new: NewSnapshot) -> list[Refusal]:
    status = facts.status
    name, way = status.domain.name, Way.DISKS_ONLY
    refusals: list[Refusal] = []
    if not status.domain.state.active:
        state = status.domain.state.value
        code = libvirt_codes.XML_ERROR if new.memory_path is not None else None  # it has no place
        refusals.append(refuse(Why.OFF_HAS_NO_RAM, way, code=code, domain=name, state=state))
    if status.config.passthrough:
        devices = ", ".join(status.config.passthrough)
        refusals.append(refuse(Why.HOST_DEVICES, way, domain=name, devices=devices))
    refusals += disk_checks.transient_refusals(facts, way) if status.domain.state.active else ()
    if status.config.pflash:
        refusals.append(refuse(Why.VARIABLES_NOT_YET, way, domain=name))
    return refusals


def _file_refusals(facts: Facts, step: CreateSnapshot) -> list[Refusal]:
    new = step.new
    named = new.files
    refusals = [
        _in_the_way(path, is_ram=path == new.memory_path) for path in new.made if facts.exists(path)
    ]
    refusals += [
        refuse(Why.PATH_NOT_WHOLE, code=libvirt_codes.XML_ERROR, path=path)
        for path in named
        if not path.startswith("/")
    ]
    refusals += [
        refuse(Why.PATH_TWICE, path=path) for path in dict.fromkeys(named) if named.count(path) > 1
    ]
    if any(map(text.invisible, "".join(named))):
        refusals.append(refuse(Why.PATH_INVISIBLE))
    longest = max((_name_bytes(path) for path in named), default=0)
    if longest > FILE_NAME_BYTES:
        refusals.append(
            refuse(Why.FILE_NAME_LONG, Way.SHORTER_NAME, bytes=longest, most=FILE_NAME_BYTES)
        )
    if any("," in path for path in named) and not facts.status.domain.state.active:
        refusals.append(refuse(Why.COMMA, Way.NAME_WITHOUT_COMMA))
    return refusals


def _in_the_way(path: str, *, is_ram: bool) -> Refusal:
    refusal = refuse(Why.FILE_THERE, Way.OTHER_FILE_OR_REUSE, path=path)
    if is_ram:
        return refusal.but(harm=Harm.OVERWRITTEN)
    return refusal.but(code=libvirt_codes.CONFIG_UNSUPPORTED)


def _save_refusals(facts: Facts) -> list[Refusal]:
    """A save names the images of its own time, and its start writes to those."""
    if not facts.status.managed_save:
        return []
    way = Way.START_OR_DROP_SAVE
    return [refuse(Why.SAVE_WRITES_BENEATH, way, harm=Harm.SAVE_BENEATH, domain=facts.name)]


def _reuse_refusals(facts: Facts, new: NewSnapshot) -> list[Refusal]:
    """libvirt looks at none of this (VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)."""
    now = {disk.target: disk for disk in facts.status.config.disks}
    refusals: list[Refusal] = []
    for target, path in new.overlays.items():
        image, disk = facts.images.get(path), now.get(target)
        if not isinstance(image, ImageInfo):
            reason = image.reason if isinstance(image, NotKnown) else "it was not looked at"
            code = None if facts.exists(path) else libvirt_codes.NO_FILE
            refusals.append(refuse(Why.REUSED_UNREAD, code=code, disk=target, reason=reason))
            continue
        if disk is None or disk.path is None:
            continue
        lower = disk.path
        beneath = image.backing if isinstance(image.backing, str) else "no known image"
        if image.format != "qcow2":
            refusals.append(refuse(Why.REUSED_NOT_QCOW2, path=path, lower=lower))
        elif image.backing != lower:
            refusals.append(refuse(Why.REUSED_UPON_OTHER, path=path, beneath=beneath, lower=lower))
        elif image.backing_format != (disk.format or None):
            taken = image.backing_format or "it does not say what"
            refusals.append(
                refuse(
                    Why.REUSED_WRONG_FORMAT, path=path, lower=lower, taken=taken,
                    format=disk.format,
                )
            )  # fmt: skip
        below = facts.images.get(lower)
        if isinstance(below, ImageInfo) and image.virtual_size < below.virtual_size:
            refusals.append(refuse(Why.REUSED_SMALL, path=path, lower=lower))
        if image.encrypted:
            plain = refuse(Why.REUSED_ENCRYPTED, path=path)
            active = facts.status.domain.state.active
            refusals.append(
                plain.but(code=libvirt_codes.INTERNAL_ERROR)
                if active
                else plain.but(harm=Harm.NO_START)
            )
        if image.snapshots:
            refusals.append(refuse(Why.REUSED_HOLDS_SNAPSHOTS, path=path))
    return refusals


def _name_bytes(path: str) -> int:
    return len(text.utf8(path.rpartition("/")[2]))


def _quiesce_refusals(facts: Facts) -> list[Refusal]:
    """The guest agent is asked before; libvirt refuses with the same errors."""
    name, agent, way = facts.status.domain.name, facts.agent or _NOT_ASKED, Way.NO_FREEZE
    state = facts.status.domain.state
    if state not in AGENTS_ASKED:
        why, code = Why.PAUSED_CANNOT_FREEZE, libvirt_codes.OPERATION_INVALID
        return [refuse(why, way, code=code, domain=name, state=state.value)]
    if agent.state is AgentState.ANSWERS:
        return []
    unable, number = _NO_FREEZE[agent.state]
    if unable is Why.AGENT_FROZEN and can(facts.host, Can.NAME_AGENT_ERRORS):
        number = libvirt_codes.AGENT_COMMAND_FAILED
    number = agent.code if agent.state is AgentState.SILENT else number
    return [refuse(unable, way, code=number, domain=name, reason=agent.reason)]


_NO_FREEZE: Mapping[AgentState, tuple[Why, int | None]] = MappingProxyType(
    {
        AgentState.ABSENT: (Why.AGENT_ABSENT, libvirt_codes.ARGUMENT_UNSUPPORTED),
        AgentState.DISCONNECTED: (Why.AGENT_DISCONNECTED, libvirt_codes.AGENT_UNRESPONSIVE),
        AgentState.SILENT: (Why.AGENT_SILENT, None),
        AgentState.FROZEN: (Why.AGENT_FROZEN, libvirt_codes.INTERNAL_ERROR),
        AgentState.UNKNOWN: (Why.AGENT_FAILS, None),
    }
)


def _beneath(facts: Facts, new: NewSnapshot) -> Iterator[tuple[Disk, ImageInfo | NotKnown]]:
    """What the overlays are to lie upon; while a domain is active its QEMU has it open."""
    if not facts.status.domain.state.active:
        for disk in domain_checks.writable_disks(facts.status.config.disks):
            image = facts.images.get(disk.path or "")
            if disk.target in new.overlays and image is not None:
                yield disk, image


def _beneath_refusals(facts: Facts, new: NewSnapshot) -> Iterator[Refusal]:
    active = facts.status.domain.state.active
    for disk in domain_checks.writable_disks(facts.status.config.disks) if not active else ():
        if disk.target in new.overlays and disk.path in facts.boot_gone:  # raw: it has no head
            code = libvirt_codes.INTERNAL_ERROR
            lost = refuse(Why.IMAGE_GONE, Way.PUT_BACK, code=code, path=disk.path, disk=disk.target)
            yield traced(facts, lost, disk.path or "")
    for disk, image in _beneath(facts, new):
        gone = isinstance(image, Missing) or disk.path in facts.cut_off
        if gone and (why := image_checks.closed_to_writers(disk, facts)):
            yield why.but(code=libvirt_codes.INTERNAL_ERROR)
        elif isinstance(image, ImageInfo) and image.format != "qcow2" == disk.format:
            code = libvirt_codes.INTERNAL_ERROR
            yield refuse(Why.HOLDS_ANOTHER, code=code, disk=disk.target, format=image.format)


def _doubts_beneath(facts: Facts, new: NewSnapshot) -> Iterator[Remark]:
    for disk, image in _beneath(facts, new):
        if isinstance(image, Damaged):
            yield remark(Unchecked.TAKES_OVERLAY, disk=disk.target, reason=image.reason)
