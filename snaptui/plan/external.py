"""The plan of a create whose data lie in files of their own (overlays, a memory file)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from snaptui import text
from snaptui.model import Disk, DomainState, Form, Presence
from snaptui.plan import checks
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent, Plan
from snaptui.plan.steps import CreateExternal

REVERTS = (9, 9, 0)
"""libvirt that reverts to external snapshots (its NEWS of 9.9.0)."""
CLOSED = (11, 10, 0)
"""libvirt that makes overlays of a shut-off domain for their owner alone (CVE-2025-13193)."""
FILE_NAME_BYTES = 255
SHARE_LEFT = 20
"""Overlays grow with each write: below a twentieth of free space this is said."""


def plan(intent: CreateIntent, facts: Facts) -> Plan:
    """Plan overlays for all disks, and with :attr:`Form.EXTERNAL` a file for the RAM."""
    domain = facts.status.domain
    with_ram = intent.form is Form.EXTERNAL
    disks = checks.writable_disks(facts.status.config.disks)
    inside = [disk for disk in disks if disk.snapshot is not Presence.NO]
    left_out = tuple(disk.target for disk in disks if disk.snapshot is Presence.NO)
    overlays = overlay_paths(inside, intent.name)
    memory = memory_path(inside, intent.name) if with_ram else None
    step = CreateExternal(intent.name, intent.description, overlays, left_out, memory)
    steps = (step,) if intent.name else ()
    refusals = [
        *checks.name_problems(intent.name, facts),
        *checks.description_problems(intent.description),
        *checks.domain_refusals(facts),
        *checks.journal_refusals(facts.unrecorded),
        *_disk_refusals(inside, domain.name),
        *(_ram_refusals(facts, left_out) if with_ram else ()),
        *_file_refusals(facts, step),
    ]
    if facts.status.hung:
        refusals.append(
            f"QEMU of {domain.name} does not answer, and it must take part. "
            f"Power {domain.name} off (virsh destroy) or wait until it answers."
        )
    unchecked = tuple(
        f"Whether there is a file {path} already" + (", which libvirt would overwrite" * ram)
        for path in step.files
        for ram in (path == memory,)
        if facts.exists(path) is None
    )
    return Plan(
        intent=intent,
        verb="Create",
        title=f"Create an external snapshot of {domain.name}",
        after=_after(facts, step),
        lost="nothing",
        undo="yes, virsh snapshot-delete merges the overlays back",
        space=_space(facts, with_ram),
        refusals=tuple(refusals),
        warnings=tuple(_warnings(facts, step)),
        unchecked=unchecked,
        lines=tuple(each.virsh(facts.host, domain) for each in steps),
        steps=steps,
        type_name=memory is not None and facts.exists(memory) is None,
    )


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


def _disk_refusals(disks: Collection[Disk], name: str) -> list[str]:
    refusals = [
        f"{disk.target} {problem} Give it a file by hand (virsh snapshot-create-as --diskspec)."
        for disk in disks
        if (problem := _disk_problem(disk))
    ]
    return refusals if disks else [f"{name} has no disk that a snapshot could hold."]


def _disk_problem(disk: Disk) -> str:
    if disk.source_type != "file" or disk.path is None:
        return f"is a {disk.source_type} disk, beside which no overlay can lie."
    if disk.snapshot not in (None, Presence.EXTERNAL):
        return f'is set to snapshot="{disk.snapshot.value}" in the domain.'
    if disk.shareable:
        return "is shared with other guests, which would not see the overlay."
    if disk.device == "lun":
        return "is a lun, which cannot have an overlay."
    return ""


def _ram_refusals(facts: Facts, left_out: tuple[str, ...]) -> list[str]:
    status = facts.status
    name = status.domain.name
    refusals = []
    if not status.domain.state.active:
        refusals.append(f"{name} is {status.domain.state.value} and has no RAM. Choose disks only.")
    if left_out:
        refusals.append(
            f'{", ".join(left_out)} of {name} is set to snapshot="no", and libvirt saves RAM '
            "only with all disks. Choose disks only."
        )
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


def _file_refusals(facts: Facts, step: CreateExternal) -> list[str]:
    refusals = [f"{why}. Take another name." for why in step.in_the_way(facts)]
    longest = max((_name_bytes(path) for path in step.files), default=0)
    if longest > FILE_NAME_BYTES:
        refusals.append(
            f"The name of a file would have {longest} bytes, and {FILE_NAME_BYTES} are possible. "
            "Take a shorter name."
        )
    if any("," in path for path in step.files) and not facts.status.domain.state.active:
        refusals.append(
            "libvirt makes the overlay of a shut-off domain under another name when there is a "
            "comma in it, and the domain then does not start. Take a name without one, or start "
            "the domain first."
        )
    return refusals


def _name_bytes(path: str) -> int:
    return len(path.rpartition("/")[2].encode("utf-8", "surrogateescape"))


def _after(facts: Facts, step: CreateExternal) -> str:
    domain = facts.status.domain
    files = f"{', '.join(step.overlays)} write to overlays from then on."
    if not domain.state.active:
        return f"{domain.name} stays {domain.state.value}; {files}"
    if step.memory_path is None:
        stays = "stays paused" if domain.state is DomainState.PAUSED else "goes on running"
        return f"{domain.name} {stays}, its RAM is not kept; {files}"
    memory = text.size(facts.status.config.memory)
    if domain.state is DomainState.PAUSED:
        return f"{domain.name} stays paused; up to {memory} of RAM are saved, {files}"
    return f"{domain.name} is PAUSED while up to {memory} of RAM are saved, then runs; {files}"


def _space(facts: Facts, with_ram: bool) -> str:
    ram = f"up to {text.size(facts.status.config.memory)}" if with_ram else "next to nothing"
    space = checks.smallest_space(facts)
    if space is None:
        return f"needs {ram} now, free ?; overlays grow"
    return f"needs {ram} now, free {text.size(space[0])} of {text.size(space[1])}; overlays grow"


def _warnings(facts: Facts, step: CreateExternal) -> list[str]:
    host, status = facts.host, facts.status
    shown = ".".join(map(str, host.libvirt))
    if host.libvirt < REVERTS:
        warnings = [
            f"This host cannot revert to it: libvirt {shown} has no revert to external snapshots. "
            "It can only be deleted, which merges it."
        ]
    else:
        warnings = ["snaptui cannot revert to it yet; virsh snapshot-revert can."]
    internal = [name for name in facts.names if name not in facts.external]
    if internal:
        warnings.append(
            f"{_some(internal)} inside the images beneath cannot be reverted to, and no internal "
            "snapshot can be taken, until it is deleted."
        )
    warnings += [f'{target} is set to snapshot="no" and is left out.' for target in step.left_out]
    if step.memory_path is None and status.domain.state.active:
        warnings.append(
            "What the guest has not written to its disks yet is not in it: as after a power cut."
        )
    if status.config.pflash:
        warnings.append("The UEFI variables are not part of it.")
    if not status.domain.state.active and host.libvirt < CLOSED:
        warnings.append(
            f"libvirt {shown} may make the overlays readable for every user of the host "
            "(CVE-2025-13193)."
        )
    space = checks.smallest_space(facts)
    needs = status.config.memory if step.memory_path is not None else 0
    if space is not None and space[0] <= needs:
        warnings.append("The RAM may not fit: libvirt then gives up, and the guest goes on.")
    elif space is not None and (space[0] - needs) * SHARE_LEFT < space[1]:
        warnings.append(
            "Less than 5 % of the file system is free: when it is full, the guest stops with an "
            "I/O error."
        )
    return [*warnings, *checks.version_warnings(facts)]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
