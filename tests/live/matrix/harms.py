"""How each harm that a refusal names is found, after libvirt was asked all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import libvirt

from snaptui.model.hold_mark import hold_of
from snaptui.model.image import ImageInfo
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DeleteManyIntent, DomainIntent, EditIntent, MergeIntent, ThawIntent
from snaptui.plan.refusal import Harm
from tests.lab import entries
from tests.live.matrix.guest import OFF, RUNNING, Guest, entry_holds, reads


@dataclass(frozen=True)
class Done:
    """What libvirt was asked, and what the facts were before and are after it.

    Attributes:
        overwritten: files for RAM that hold other bytes than before.
    """

    guest: Guest
    intent: DomainIntent
    before: Facts
    after: Facts
    overwritten: frozenset[str]

    @property
    def name(self) -> str:
        """The snapshot that it was about."""
        if isinstance(self.intent, DeleteManyIntent):
            (name,) = (*self.intent.names, *self.intent.unmanaged)
            return name
        if isinstance(self.intent, EditIntent):
            return self.intent.new_name or self.intent.name
        assert not isinstance(self.intent, ThawIntent | MergeIntent)
        return self.intent.name

    def inside(self, facts: Facts) -> Mapping[str, list[str]]:
        """By path, the names of all entries of the domain's disks."""
        return {
            path: [entry.name for entry in image.snapshots]
            for path, image in facts.images.items()
            if isinstance(image, ImageInfo)
        }


def happened_so(harm: Harm, done: Done) -> bool:
    """Whether a harm that was foretold is there."""
    return CHECKS[harm](done)


def _stopped(done: Done) -> bool:
    return done.before.status.domain.state.active and done.guest.state == OFF


def _job_ended(done: Done) -> bool:
    before, after = done.before.status, done.after.status
    return bool(before.block_jobs) and not after.block_jobs


def _no_start(done: Done) -> bool:
    try:
        done.guest.domain.create()
    except libvirt.libvirtError:
        return True
    return False


def _half(done: Done) -> bool:
    held = done.guest.held[done.name]
    state = [
        disk.target in held and done.guest.holds(disk, held[disk.target])
        for disk in done.guest.disks
    ]
    return any(state) and not all(state)


def _other_data(done: Done) -> bool:
    held = done.guest.held[done.name]
    disks = [disk for disk in done.guest.disks if disk.target in held]
    return not any(done.guest.holds(disk, held[disk.target]) for disk in disks)


def _first_twin(done: Done) -> bool:
    """The disks are as the first entry of that name, whatever the metadata meant."""
    if done.after.status.domain.state.active:
        done.guest.go(OFF)
    if not done.guest.revert_works(done.name):
        return False
    return all(
        entry_holds(Path(disk.path or ""), done.name, byte)
        for disk in done.guest.disks
        for byte in range(0x11, 0x20)
        if done.guest.holds(disk, byte)
    )


def _twin_left(done: Done) -> bool:
    return any(done.name in names for names in done.inside(done.after).values())


def _twin_made(done: Done) -> bool:
    return any(names.count(done.name) > 1 for names in done.inside(done.after).values())


def _unmanaged_lost(done: Done) -> bool:
    """One entry of that name is there as before, but it holds what the disks hold now."""
    before, after = done.inside(done.before), done.inside(done.after)
    return all(names.count(done.name) == 1 for names in after.values()) and any(
        not entry_holds(Path(path), done.name, byte)
        for path, names in before.items()
        if done.name in names
        for byte in set(done.guest.unmanaged[done.name].values())
    )


def _unmanaged_hidden(done: Done) -> bool:
    paths = [path for path, names in done.inside(done.before).items() if done.name in names]
    still = [done.name in dict(entries(Path(path))).values() for path in paths]
    return done.name in done.after.names and any(still)


def _in_dev(done: Done) -> bool:
    return any(
        Path(disk.path or "").is_file() for disk in done.guest.disks if "/dev/" in (disk.path or "")
    )


def _left_inside(done: Done) -> bool:
    inside = (done.name in names for names in done.inside(done.after).values())
    return done.name not in done.after.names and any(inside)


def _mistaken_later(done: Done) -> bool:
    """Snapshots go on being taken until one has the name for its ID; then a revert to it."""
    guest = done.guest
    guest.write()
    for number in range(1, int(done.name)):
        guest.internal(f"later-{number}")
    guest.domain.revertToSnapshot(guest.domain.snapshotLookupByName(done.name), 0)
    return _other_data(done)


def _mark_lost(done: Done) -> bool:
    marked = {one.name for one in done.before.snapshots.values() if one.delete_in_progress}
    return bool(marked) and not any(one.delete_in_progress for one in done.after.snapshots.values())


def _records_spoiled(done: Done) -> bool:
    """A snapshot that is left names other disks than before."""
    before, after = done.before.snapshots, done.after.snapshots
    return any(before[name].config != one.config for name, one in after.items())


def _inside_lost(done: Done) -> bool:
    """Another snapshot, inside the overlay that was merged, is not there any more."""
    return any(one.snapshot for one in done.guest.otherwise())


def _other_lost(done: Done) -> bool:
    """Its disks or snapshots do not hold what they held, or what lay upon one of its images."""
    if done.guest.other is None:
        return bool(done.guest.otherwise())
    path, byte = done.guest.other
    return not reads(str(path), "qcow2", f"read -P {byte} 0 1M")


def _held_lost(done: Done) -> bool:
    return done.name not in done.after.names


def _holder_lost(done: Done) -> bool:
    before, after = done.before.snapshots[done.name], done.after.snapshots[done.name]
    return hold_of(before) != hold_of(after)


def _forgotten(done: Done) -> bool:
    uuid = done.guest.key.uuid
    done.guest.domain.destroy()
    try:
        done.guest.connection.lookupByUUIDString(uuid)
    except libvirt.libvirtError:
        return True
    return False


def _save_left(done: Done) -> bool:
    return done.before.status.managed_save and done.after.status.managed_save


def _save_beneath(done: Done) -> bool:
    """Started anew, it writes to the images of the time of the save."""
    done.guest.go(OFF)
    overlays = [disk.path for disk in done.guest.disks]
    done.guest.go(RUNNING)
    return [disk.path for disk in done.guest.disks] != overlays


def _overwritten(done: Done) -> bool:
    return bool(done.overwritten)


def _no_way_back(done: Done) -> bool:
    return not done.guest.revert_works(done.name)


def _ram_ignored(done: Done) -> bool:
    return done.guest.revert_works(done.name) and done.guest.state == OFF


def _holds_nothing(done: Done) -> bool:
    inside = (done.name in names for names in done.inside(done.after).values())
    return (
        done.name in done.after.names and done.name not in done.after.external and not any(inside)
    )


def _bases_lost(done: Done) -> bool:
    return any(
        isinstance(image, ImageInfo) and not Path(path).exists()
        for path, image in done.before.images.items()
    )


NEVER_SENT = frozenset({Harm.CRASH, Harm.ENDS_QEMU})
"""What ends a program outside of ours; a plan that is refused for it is judged by itself."""
UNSURE = frozenset({Harm.PERHAPS_OTHER_DATA})
"""What is foretold as possible alone: true whether it happens or not."""
CHECKS: dict[Harm, Callable[[Done], bool]] = {
    Harm.STOPPED: _stopped,
    Harm.JOB_ENDED: _job_ended,
    Harm.NO_START: _no_start,
    Harm.HALF: _half,
    Harm.OTHER_DATA: _other_data,
    **dict.fromkeys(UNSURE, lambda _: True),
    Harm.FIRST_TWIN: _first_twin,
    Harm.TWIN_LEFT: _twin_left,
    Harm.TWIN_MADE: _twin_made,
    Harm.UNMANAGED_LOST: _unmanaged_lost,
    Harm.UNMANAGED_HIDDEN: _unmanaged_hidden,
    Harm.IN_DEV: _in_dev,
    Harm.LEFT_INSIDE: _left_inside,
    Harm.MISTAKEN_LATER: _mistaken_later,
    Harm.MARK_LOST: _mark_lost,
    Harm.RECORDS_SPOILED: _records_spoiled,
    Harm.INSIDE_LOST: _inside_lost,
    Harm.OTHER_LOST: _other_lost,
    Harm.BASES_LOST: _bases_lost,
    Harm.HELD_LOST: _held_lost,
    Harm.HOLDER_LOST: _holder_lost,
    Harm.FORGOTTEN: _forgotten,
    Harm.SAVE_LEFT: _save_left,
    Harm.SAVE_BENEATH: _save_beneath,
    Harm.OVERWRITTEN: _overwritten,
    Harm.NO_WAY_BACK: _no_way_back,
    Harm.RAM_IGNORED: _ram_ignored,
    Harm.HOLDS_NOTHING: _holds_nothing,
    Harm.OUTSIDE_INSTEAD: lambda done: done.name in done.after.external,
}
