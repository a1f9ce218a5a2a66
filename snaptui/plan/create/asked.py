"""What an admin's snapshot XML asks for, taken as virsh takes it for the kind that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainStatus
from snaptui.model.snapshot import SnapshotDisk
from snaptui.model.snapshot_request import DiskXml, SnapshotXml
from snaptui.plan.checks import domain_checks
from snaptui.plan.create.overlay_paths import resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent

_NAMED_BY_PATH = ("file", "block", "dir")


def asked(xml: SnapshotXml, before: CreateIntent, facts: Facts) -> CreateIntent:
    """The create that an XML asks for, where it says nothing as it was before.

    A path that would be taken anyway is left to the form, so that it goes on to follow the name.

    Raises:
        SnaptuiError: libvirt would not take it for the domain.
    """
    status = facts.status
    named = _by_target(xml.disks, status.config.disks)
    form = _form(xml, before.form)
    if _all_inside(named, status):
        form = Form.INTERNAL
    _check_memory(xml, form, active=status.domain.state.active)
    usual_presence = Presence.INTERNAL if form is Form.INTERNAL else Presence.EXTERNAL
    chosen = tuple(
        SnapshotDisk(target, one.presence or usual_presence, one.path)
        for target, one in named.items()
    )
    intent = replace(
        before,
        name=xml.name or before.name,
        description=xml.description,
        form=form,
        disks=chosen,
        memory_path=xml.memory_path or "",
    )
    return _shortened(intent, facts)


def _by_target(said: Sequence[DiskXml], disks: Sequence[Disk]) -> dict[str, DiskXml]:
    """The disks of an XML by their targets; a path names the one disk that has it.

    As libvirt's virDomainDiskIndexByName does: what begins with a slash is a source.
    """
    found: dict[str, DiskXml] = {}
    for one in said:
        targets = [
            disk.target
            for disk in disks
            if one.name in (disk.target, _source(disk) if one.name.startswith("/") else None)
        ]
        if len(targets) > 1:
            shared = ", ".join(targets)
            raise SnaptuiError(f"{one.name} is the image of {shared}. Name the disk in the XML.")
        if not targets:
            there = ", ".join(disk.target for disk in disks)
            raise SnaptuiError(f"The domain has no disk {one.name}. It has {there or 'none'}.")
        (target,) = targets
        if target in found:
            raise SnaptuiError(f"The XML names the disk {target} twice.")
        found[target] = one
    return found


def _source(disk: Disk) -> str | None:
    return disk.path if disk.source_type in _NAMED_BY_PATH else None


def _form(xml: SnapshotXml, before: Form) -> Form:
    """Its kind: what it says itself, else the one that was chosen."""
    if xml.memory_path is not None:
        return Form.EXTERNAL
    outside = any(one.presence is Presence.EXTERNAL for one in xml.disks)
    return Form.DISK_ONLY if outside else before


def _all_inside(named: Mapping[str, DiskXml], status: DomainStatus) -> bool:
    """Whether it puts each disk of a domain that is off inside its image, whatever the kind."""
    writable = {disk.target for disk in domain_checks.writable_disks(status.config.disks)}
    inside = {target for target, one in named.items() if one.presence is Presence.INTERNAL}
    return bool(writable) and inside >= writable and not status.domain.state.active


def _check_memory(xml: SnapshotXml, form: Form, *, active: bool) -> None:
    if form is Form.INTERNAL and xml.memory is Presence.NO and active:
        raise SnaptuiError(
            "libvirt keeps the RAM of a running guest in an internal snapshot. Take "
            '<memory snapshot="no"/> out of the XML, or ask for external disks.'
        )
    if xml.memory is Presence.INTERNAL and (form is not Form.INTERNAL or not active):
        raise SnaptuiError(
            "libvirt keeps RAM inside an image only of a running guest, and beside no external "
            "disk. Take <memory> out of the XML."
        )


def _shortened(intent: CreateIntent, facts: Facts) -> CreateIntent:
    """The same without what goes without saying."""
    if intent.form is Form.INTERNAL:
        plain = {
            disk.target
            for disk in domain_checks.writable_disks(facts.status.config.disks)
            if disk.snapshot in (None, Presence.INTERNAL)
        }
        kept = [
            one
            for one in intent.disks
            if one.presence is not Presence.INTERNAL or one.path or one.target not in plain
        ]
        return replace(intent, disks=tuple(kept))
    bare = replace(intent, disks=tuple(replace(one, path=None) for one in intent.disks))
    usual = resolved(replace(bare, memory_path=""), facts)
    disks = tuple(
        replace(one, path=None) if one.path == usual.overlays.get(one.target) else one
        for one in intent.disks
    )
    memory = "" if intent.memory_path == usual.memory_path else intent.memory_path
    return replace(intent, disks=disks, memory_path=memory)
