"""The plan that merges an overlay which no snapshot names: what a dead backup script left.

Checked as an external delete is; beside that it must not be a backup's that is at work.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model import libvirt_codes
from snaptui.model.disk import Disk
from snaptui.model.image import FileSystem, ImageInfo, NotKnown
from snaptui.model.virsh_line import virsh_there
from snaptui.plan.checks import domain_checks, pivoted
from snaptui.plan.delete import merge_needs
from snaptui.plan.delete.findings import Findings
from snaptui.plan.facts import Facts
from snaptui.plan.loss import NOTHING_LOST
from snaptui.plan.outcome import End, Space, UndoBy, When, after, undo
from snaptui.plan.plan import MergeIntent, Plan, impossible
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Note, Remark, Unchecked, remark
from snaptui.plan.steps.delete_effect import frozen
from snaptui.plan.steps.merge import MergeOverlay
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.unnamed import Unnamed, unnamed_overlays

DAY = 86400
"""Seconds for which an overlay may be a backup's that is under way."""


def plan(intent: MergeIntent, facts: Facts) -> Plan:
    """Plan to merge it into the image beneath while the guest runs, and to remove it."""
    domain, path = facts.status.domain, intent.path
    verb, title = "Merge", f"Merge the overlay {path.rpartition('/')[2]} of {domain.name}"
    if len(facts.snapshots) < len(facts.names):
        return impossible(intent, verb, title, refuse(Why.SOME_UNREAD))
    overlays = unnamed_overlays(facts.status.config, facts.snapshots.values(), facts.layers)
    found = [one for one in overlays if one.path == path]
    if not found:
        return impossible(
            intent, verb, title, refuse(Why.NOT_UNNAMED, path=path, domain=domain.name)
        )
    one = found[0]
    step = MergeOverlay(path, _lower(facts, one), one.top)
    room = merge_needs.room(facts, ((path, one.lower),), cancels=True)
    doubts = tuple(_doubts(facts, one))
    end = End.MERGED if one.top else End.MERGED_BENEATH
    return Plan(
        intent=intent,
        verb=verb,
        title=title,
        after=after(end, domain.state, domain=domain.name, disk=one.target, lower=one.lower),
        lost=NOTHING_LOST,
        undo=undo(UndoBy.NO_MERGED),
        space=_space(facts, room),
        refusals=domain_checks.jobs_first((*_refusals(facts, one, step), *room.refusals)),
        warnings=(
            remark(Warn.BACKUP_LOSES),
            *_named_in_metadata(facts, one),
            *room.warnings,
            *domain_checks.version_warnings(facts),
        ),
        unchecked=(*doubts, *room.unchecked),
        notes=(remark(Note.MERGED, disk=one.target, path=path, lower=one.lower), *room.notes),
        lines=(step.virsh(facts.host, domain),),
        steps=(step,),
        type_name=bool(doubts),
    )


def _named_in_metadata(facts: Facts, one: Unnamed) -> Iterator[Remark]:
    """Snapshots of a time when libvirt had noted the chain: a merge by hand leaves them."""
    configs = {name: found.config for name, found in facts.snapshots.items()}
    naming = [
        name
        for name, config in configs.items()
        if config is not None and any(one.path in (disk.beneath or ()) for disk in config.disks)
    ]
    if naming:
        names = text.some(naming)
        yield remark(Warn.METADATA_NAMES_MERGED, names=names, path=one.path, disk=one.target)


def _lower(facts: Facts, one: Unnamed) -> Disk:
    """What the overlay lies upon, as its disk has it once it writes there."""
    upper, lower = facts.layers.heads.get(one.path), facts.layers.heads.get(one.lower)
    said = upper.backing_format if isinstance(upper, ImageInfo) else None
    form = said or (lower.format if isinstance(lower, ImageInfo) else "")
    kind = "block" if one.lower.startswith("/dev/") else "file"
    return Disk(one.target, "disk", kind, one.lower, form)


def _refusals(facts: Facts, one: Unnamed, step: MergeOverlay) -> Iterator[Refusal]:
    domain, path = facts.status.domain, one.path
    reads_it = one.target in facts.status.backup
    in_backup = libvirt_codes.OPERATION_UNSUPPORTED if reads_it else None
    yield from domain_checks.metadata_refusals(facts, in_backup=in_backup)
    yield from domain_checks.job_refusals(facts)
    yield from pivoted.refusals(facts)
    yield from domain_checks.journal_refusals(facts.unrecorded)
    if facts.status.hung:
        yield refuse(Why.HUNG, Way.POWER_OFF, domain=domain.name)
    if not domain.state.active:
        told = {d.target: d.beneath or () for d in facts.status.config.disks}[one.target]
        code = libvirt_codes.OPERATION_INVALID if one.lower in told else libvirt_codes.INVALID_ARG
        line = virsh_there("start", domain.name, domain.key.uuid, "--paused")
        yield refuse(
            Why.MERGE_WHILE_OFF, Way.START_PAUSED, code=code, domain=domain.name, line=line
        )
    if not one.taken:
        yield refuse(Why.PERHAPS_A_CLONE, Way.PULL_INSTEAD, path=path, lower=one.lower)
    yield from _at_work(facts, path, step.virsh(facts.host, domain))
    yield from merge_needs.inside_refusals(facts, path)
    above = facts.layers.above.get(path, frozenset()) & facts.layers.in_use
    yield from merge_needs.sharing_refusals(facts, path, one.lower, above)
    for snapshot in facts.snapshots.values():
        froze = frozen(snapshot, facts.layers.branches).values()
        if one.lower in {disk.path for disk in froze}:
            yield refuse(
                Why.FROZEN_BY, Way.DELETE_OWNER_OR_COPY, harm=Harm.OTHER_LOST,
                name=snapshot.name, path=one.lower,
            )  # fmt: skip
    if path.startswith("/dev/"):
        yield refuse(Why.DEVICE_NOT_MERGED_NOT_YET, path=path)
    for target, next_path in facts.status.next_start.items():
        if next_path == path and not (one.top and target == one.target):
            yield refuse(
                Why.NEXT_START_NEEDS, Way.SET_NEXT_START, harm=Harm.OTHER_LOST, path=path,
                domain=domain.name, line=facts.edit_line,
            )  # fmt: skip


def _at_work(facts: Facts, path: str, line: str) -> Iterator[Refusal]:
    """That it may be a backup's which goes on; ``line`` merges it all the same."""
    use = facts.overlay
    if facts.status.checkpoints:
        names = text.some(facts.status.checkpoints)
        yield refuse(Why.BACKUP_KEEPS, Way.MERGE_LINE, path=path, names=names, line=line)
    if use is None:
        return
    for lower, who in sorted(use.open_in.items()):
        yield refuse(Why.LAYER_OPEN, Way.END_FIRST, path=lower, who=who)
    if isinstance(use.made, NotKnown):
        reason = use.made.reason
        yield refuse(Why.AGE_NOT_KNOWN, Way.MERGE_LINE, path=path, reason=reason, line=line)
    elif facts.read_at - use.made < DAY:
        age = text.age(int(use.made), facts.read_at)
        yield refuse(Why.MADE_LATELY, Way.WAIT_OR_MERGE_LINE, path=path, age=age, line=line)


def _doubts(facts: Facts, one: Unnamed) -> Iterator[Remark]:
    """Who may use its images and cannot be seen from here."""
    for each in facts.doubts:
        yield remark(Unchecked.OTHERS_USE, reason=each.words)
    if facts.overlay is not None and facts.overlay.unseen:
        yield remark(Unchecked.OPEN_BENEATH, reason=facts.overlay.unseen)
    for path in (one.path, one.lower):
        space = facts.spaces.get(path)
        if isinstance(space, FileSystem) and not space.of_one_host:
            kind = space.kind or "an unknown file system"
            yield remark(Unchecked.OPEN_ON_OTHER_HOST, path=path, kind=kind)


def _space(facts: Facts, room: Findings) -> Space:
    space = domain_checks.shown_space(facts)
    free = space.free if space is not None else None
    if room.needs is None:
        return Space(needs=0, when=When.FIRST, free=free)
    return Space(room.needs.most, room.needs.exact, When.FIRST, free=free)
