"""Checks that several plans share. Each returns what to say; nothing means that it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Wrong, does
from snaptui.model.disk import Disk
from snaptui.model.domain import DomainState
from snaptui.model.hold_mark import hold_of
from snaptui.model.image import FileSystem, Fixed, NotKnown, Silent
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.model.virsh_line import option, virsh_there
from snaptui.plan.checks import disk_checks, encryption, pivoted
from snaptui.plan.facts import Facts
from snaptui.plan.outcome import Undo, UndoBy, undo
from snaptui.plan.refusal import Harm, Refusal, refuse, unforetold
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import NOT_READ
from snaptui.storage.disk_cost import Counted, as_counted

JOBS = frozenset({Why.BACKUP, Why.BLOCK_JOB, Why.BLOCK_JOB_WAITS})
"""What is said of jobs with disks that are under way."""


def metadata_refusals(
    facts: Facts, *, in_backup: int | None = libvirt_codes.OPERATION_TIMEOUT
) -> list[Refusal]:
    """What forbids a change of libvirt's records of the domain's snapshots.

    Args:
        in_backup: the error with which libvirt refuses it while a backup is under way.
    """
    refusals = _busy_refusals(facts, in_backup)
    if not facts.status.persistent:
        refusals.append(refuse(Why.TRANSIENT, Way.DEFINE, harm=Harm.FORGOTTEN, domain=facts.name))
    return refusals


def create_refusals(facts: Facts, *, halts: bool, outside: bool = False) -> list[Refusal]:
    """What forbids any new snapshot of the domain as it is now.

    Args:
        halts: the domain is to be off afterwards, which libvirt refuses of a transient one.
        outside: its data are to lie in files of their own.
    """
    invalid = libvirt_codes.OPERATION_INVALID
    refusals = [
        one.but(code=invalid) if halts and one.why is Why.TRANSIENT else one
        for one in record_refusals(facts)
    ]
    refusals += _ending_refusals(facts) + job_refusals(facts)
    refusals += _silent_refusals(facts) + pivoted.refusals(facts)
    refusals += disk_checks.place_refusals(facts, writable_disks(facts.status.config.disks))
    lost = encryption.lost_refusals(facts)
    refusals += [one.but(harm=Harm.NO_START) for one in lost] if outside else lost
    if facts.status.domain.state is DomainState.PMSUSPENDED:
        refusals.append(
            refuse(
                Why.SUSPENDED, Way.WAKE, code=libvirt_codes.OPERATION_UNSUPPORTED, domain=facts.name
            )
        )
    return refusals


def record_refusals(facts: Facts) -> list[Refusal]:
    """What forbids to change or make libvirt's records themselves; deletes are not concerned."""
    refusals = metadata_refusals(facts)
    if does(facts.host, Wrong.LOCKS_RECORDS):
        refusals += checkpoint_refusals(facts)
    return refusals


def redefined(facts: Facts, names: Collection[str]) -> Undo:
    """How records are brought back; the current snapshot is so again only where that is said."""
    if does(facts.host, Wrong.LOCKS_RECORDS) and checkpoint_refusals(facts):
        return undo(UndoBy.REDEFINE_RUNNING, domain=facts.name)
    return undo(UndoBy.REDEFINE_CURRENT if facts.current in names else UndoBy.REDEFINE)


def checkpoint_refusals(facts: Facts, *, off: bool = False) -> list[Refusal]:
    """Checkpoints beside which libvirt does nothing to a domain that is off.

    qemuDomainSupportsCheckpointsBlockjobs asks for none where it has no QEMU to ask.

    Args:
        off: the domain is powered off before.
    """
    active = facts.status.domain.state.active and not off
    if active or not facts.status.checkpoints:
        return []
    return [
        refuse(
            Why.CHECKPOINTS_WHILE_OFF, Way.START_FIRST, code=libvirt_codes.OPERATION_UNSUPPORTED,
            domain=facts.name, names=text.some(facts.status.checkpoints),
            version=abilities.proven(facts.host),
        )
    ]  # fmt: skip


def domain_refusals(
    facts: Facts,
    *,
    job_code: int | None = None,
    saved_code: int | None = None,
    saved: bool = True,
    in_backup: int = libvirt_codes.OPERATION_INVALID,
) -> list[Refusal]:
    """What forbids to revert the domain as it is now, or to take a snapshot from it.

    Args:
        job_code: the error with which libvirt refuses it while there is a block job.
        saved_code: the error with which libvirt refuses it while there is a managed save.
        saved: a managed save does not fit the disks any more afterwards.
        in_backup: the error with which libvirt refuses it while a backup is under way.
    """
    refusals = _busy_refusals(facts, in_backup)
    refusals += _ending_refusals(facts) + _silent_refusals(facts) + pivoted.refusals(facts)
    if not facts.status.persistent:
        refusals.append(refuse(Why.TRANSIENT_NOT_YET, Way.DEFINE, domain=facts.name))
    if facts.status.managed_save and saved:
        refusals.append(
            refuse(
                Why.SAVE_OF_OTHER_DISKS,
                Way.START_OR_DROP_SAVE,
                code=saved_code,
                harm=None if saved_code else Harm.SAVE_LEFT,
                domain=facts.name,
            )
        )
    refusals += [one.but(code=job_code) for one in job_refusals(facts)]
    refusals += disk_checks.place_refusals(facts, writable_disks(facts.status.config.disks))
    return refusals


def _busy_refusals(facts: Facts, in_backup: int | None) -> list[Refusal]:
    """What holds the domain.

    A backup does as a job of libvirt's own, which virDomainGetControlInfo does not tell: for 30 s
    libvirt waits for its end, but for a revert, which it refuses at once (measured with 9.0 and
    11.3).
    """
    if facts.status.backup:
        disks = ", ".join(facts.status.backup)
        uuid = facts.status.domain.key.uuid
        info, line = (virsh_there(f"domjob{what}", facts.name, uuid) for what in ("info", "abort"))
        why, way = Why.BACKUP, Way.END_BACKUP
        return [
            refuse(why, way, code=in_backup, disks=disks, info=info, line=line, domain=facts.name)
        ]
    if not facts.status.busy:
        return []
    return [refuse(Why.BUSY, Way.WAIT_JOB, code=libvirt_codes.OPERATION_TIMEOUT, domain=facts.name)]


def job_refusals(facts: Facts) -> list[Refusal]:
    """What QEMU does with the images just now, beside a backup."""
    jobs = tuple(one for one in facts.status.block_jobs if one not in facts.status.backup)
    if not jobs:
        return []
    domain, line = facts.status.domain, ""
    if domain.state is DomainState.PAUSED:
        # it may be what a delete left whose libvirtd died: that waits too, and is not to be pivoted
        way, why, disks = Way.END_JOB_OR_HELPER, Why.BLOCK_JOB, jobs
        line = virsh_there("destroy", domain.name, domain.key.uuid)
    elif disks := facts.status.ready_jobs:
        way, why = Way.PIVOT, Why.BLOCK_JOB_WAITS
        path = option("path", disks[0])
        line = virsh_there("blockjob", domain.name, domain.key.uuid, path, "--pivot")
    else:
        way, why, disks = Way.END_JOB, Why.BLOCK_JOB, jobs
    return [refuse(why, way, disks=", ".join(disks), domain=domain.name, line=line)]


def jobs_first(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """No error is foretold beside block jobs of a create, nor of a revert that begins with one.

    Some versions look for these first. A merge of the admin's own is refused beside a job of the
    same disk alone, with an error that depends on the job.
    """
    told = tuple(refusals)
    if not any(one.why in JOBS and one.code is None for one in told):
        return told
    return unforetold(told)


def merge_refusals(facts: Facts) -> list[Refusal]:
    """What forbids the merge of a delete beside what QEMU does with the images already."""
    return [one.but(code=libvirt_codes.OPERATION_UNSUPPORTED) for one in job_refusals(facts)]


MERGED_IN_PART = "If its merge had begun: do not revert to it, delete it again."
"""What to do with an external snapshot whose delete did not come to its end."""


def left_merge(name: str, uuid: str) -> str:
    """What to do with a QEMU that was left in the middle of a merge (libvirt keeps it)."""
    return (
        "do not resume it, its disks are half merged. End it "
        f"({virsh_there('destroy', name, uuid)}), then delete the snapshot again."
    )


def left_job(name: str, uuid: str, disks: Iterable[str]) -> str:
    """What to do with a merge of a running guest that goes on without us."""
    lines = " and ".join(
        virsh_there("blockjob", name, uuid, option("path", disk), "--abort") for disk in disks
    )
    return f"To give it up ({lines}) leaves the guest as it was; then it can be merged again."


def _silent_refusals(facts: Facts) -> list[Refusal]:
    heads = {**facts.layers.heads, **facts.images}
    return [
        refuse(Why.SILENT, Way.SERVER_BACK, path=path, domain=facts.name)
        for path, head in heads.items()
        if isinstance(head, Silent)
    ]


def _ending_refusals(facts: Facts) -> list[Refusal]:
    if facts.status.domain.state is not DomainState.SHUTDOWN:
        return []
    return [refuse(Why.ENDING, Way.WAIT_OFF, domain=facts.name)]


def journal_refusals(unrecorded: str) -> list[Refusal]:
    """Only deletes are done without the journal: they are what makes room on a full disk.

    Args:
        unrecorded: why it cannot be written; empty when it can.
    """
    return [refuse(Why.JOURNAL, Way.ROOM_BY_DELETES, reason=unrecorded)] if unrecorded else []


def unrecorded_warnings(unrecorded: str) -> list[Remark]:
    """What a delete without the journal means."""
    return [remark(Warn.NO_JOURNAL, reason=unrecorded)] if unrecorded else []


def version_warnings(facts: Facts) -> list[Remark]:
    """A warning where the server is none on which the plans are proven."""
    if abilities.tried(facts.host):
        return []
    version, known = abilities.name(facts.host), abilities.proven_on(facts.host)
    return [remark(Warn.VERSION_NOT_TRIED, version=version, known=known)]


def power_off_refusals(facts: Facts) -> list[Refusal]:
    """Why the domain cannot be powered off on the way: its definition names other images.

    A definition that was edited while the guest runs, or a disk that was attached to one of both
    alone. What volumes are resolved to is not compared.
    """
    status = facts.status
    if not status.domain.state.active or not status.persistent:
        return []
    disks = (disk for disk in status.config.disks if disk.volume is None)
    now = {disk.target: disk.path for disk in disks if disk.path is not None}
    then = status.next_start
    placed = [disk.target for disk in status.config.disks if disk.volume is not None]
    other = sorted(
        target
        for target in (now.keys() | then.keys()) - set(placed)
        if now.get(target) != then.get(target)
    )
    if not other:
        return []
    return [
        refuse(
            Why.OTHER_ONCE_OFF_NOT_YET, Way.DEFINE_AS_NOW, domain=facts.name,
            disks=", ".join(other), line=facts.edit_line,
        )
    ]  # fmt: skip


def hold_refusals(snapshot: Snapshot) -> list[Refusal]:
    """A snapshot that somebody holds is not deleted."""
    held = hold_of(snapshot)
    if held is None:
        return []
    return [
        refuse(
            Why.HELD, Way.RELEASE, harm=Harm.HELD_LOST, name=snapshot.name, who=held.who,
            since=held.since,
        )
    ]  # fmt: skip


def writable_disks(disks: tuple[Disk, ...]) -> tuple[Disk, ...]:
    """The disks that a snapshot must hold: neither read-only nor without a medium."""
    return tuple(disk for disk in disks if disk.device in ("disk", "lun") and not disk.read_only)


def kind_refusals(snapshot: Snapshot) -> list[Refusal]:
    """Snapshots without data, or with data both inside images and outside, are not handled."""
    if snapshot.kind is Kind.NONE:
        return [refuse(Why.NO_DATA_NOT_YET, name=snapshot.name)]
    if snapshot.kind is Kind.MIXED:
        return [refuse(Why.MIXED_NOT_YET, name=snapshot.name)]
    return []


def unfinished_refusals(facts: Facts, snapshot: Snapshot) -> list[Refusal]:
    """A delete of one above was cut short: an image of this one is overwritten in part."""
    if not snapshot.delete_in_progress:
        return []
    above = [one.name for one in facts.snapshots.values() if one.parent == snapshot.name]
    way = Way.DELETE_THESE_AGAIN if above else Way.DELETE_ABOVE_AGAIN
    names = ", ".join(above)
    return [
        refuse(
            Why.UNFINISHED,
            way,
            code=libvirt_codes.OPERATION_INVALID,
            name=snapshot.name,
            names=names,
        )
    ]


def overwritten_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """A delete of this one was cut short: what it froze is overwritten in part.

    libvirt marks its parent, and does not look there before a revert (measured with 9.0 to 12.9).
    Which of several children it was the mark does not tell.
    """
    parent = facts.snapshots.get(snapshot.parent or "")
    if snapshot.kind is not Kind.EXTERNAL or parent is None or not parent.delete_in_progress:
        return
    above = [
        one.name
        for one in facts.snapshots.values()
        if one.parent == parent.name and one.kind is Kind.EXTERNAL
    ]
    harm = Harm.OTHER_DATA if len(above) == 1 else Harm.PERHAPS_OTHER_DATA
    names = " or ".join(sorted(above))
    yield refuse(
        Why.OVERWRITTEN, Way.DELETE_THESE_AGAIN, harm=harm, name=snapshot.name, names=names
    )


def fullest_space(facts: Facts) -> FileSystem | None:
    """The file system under the domain's disks with least free, of those that are known."""
    known = [space for space in facts.spaces.values() if not isinstance(space, NotKnown)]
    return min(known, key=lambda space: space.free, default=None)


def shown_space(facts: Facts) -> FileSystem | None:
    """The same to be shown: ``None`` where another one, which is not known, may be fuller."""
    return None if some_space_unknown(facts) else fullest_space(facts)


def some_space_unknown(facts: Facts) -> bool:
    """Whether the room for an image that may grow is not known."""
    spaces = (facts.spaces.get(d.path or "") for d in writable_disks(facts.status.config.disks))
    return any(isinstance(one, NotKnown) and not isinstance(one, Fixed) for one in spaces)


def still_true(facts: Facts) -> Counted:
    """What was counted of the images, of those that are still as they were counted."""
    return {
        path: as_counted(counted, facts.images.get(path, NOT_READ))
        for path, counted in facts.counted.items()
    }
