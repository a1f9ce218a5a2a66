"""What changed between two readings of what a plan for a domain is built on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from snaptui.model.domain import DomainState
from snaptui.model.files import User
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import SnapshotDisk
from snaptui.plan.change import Change, Difference
from snaptui.plan.facts import CHOSEN, Facts
from snaptui.storage.backing_chain import uses_by


def differences(expected: Facts, found: Facts) -> tuple[Difference, ...]:
    """What is otherwise than expected; empty when a plan may go on.

    Free space, sizes, times and what else lies in a directory are left out: they change all
    the time. An empty digest of what is expected means that it could not be told before.
    """
    expected = _with_chosen(expected, found)
    return (
        *_domain_differences(expected, found),
        *_name_differences(expected, found),
        *_snapshot_differences(expected, found),
        *_file_differences(expected, found),
        *_missing_differences(expected, found),
        *_differences_elsewhere(expected, found),
    )


def _differences_elsewhere(expected: Facts, found: Facts) -> Iterator[Difference]:
    """It, or what uses its images, has become active on another host."""
    known = {one.host for one in expected.elsewhere if one.active}
    for one in found.elsewhere:
        if isinstance(one.state, DomainState) and one.active and one.host not in known:
            yield Difference(Change.ELSEWHERE, found.name, one.host, one.state.value)
    for image in found.images_elsewhere:
        if image.sure and image not in expected.images_elsewhere:
            yield Difference(Change.IMAGE_ELSEWHERE, image.path, image.host, image.domain)


def _domain_differences(expected: Facts, found: Facts) -> Iterator[Difference]:
    was, now = expected.status, found.status
    name = now.domain.name
    if was.domain.name != name:
        yield Difference(Change.NAME, name, was.domain.name, name)
    if was.domain.state is not now.domain.state:
        states = was.domain.state.value, now.domain.state.value
        yield Difference(Change.STATE, name, *states)
    before, after = ([disk.own(name) for disk in one.config.disks] for one in (was, now))
    if before != after:
        yield Difference(Change.DISKS, name)
    if was.config.digest and was.config.digest != now.config.digest:
        yield Difference(Change.DEFINITION, name)
    if was.persistent != now.persistent:
        yield Difference(Change.PERSISTENT if now.persistent else Change.TRANSIENT, name)
    if was.managed_save != now.managed_save:
        yield Difference(Change.SAVE_MADE if now.managed_save else Change.SAVE_GONE, name)
    if now.busy and not was.busy:
        yield Difference(Change.BUSY, name)
    if now.block_jobs and not was.block_jobs:
        yield Difference(Change.BLOCK_JOB, ", ".join(now.block_jobs))


def _name_differences(expected: Facts, found: Facts) -> Iterator[Difference]:
    for name in expected.names:
        if name not in found.names:
            yield Difference(Change.SNAPSHOT_GONE, name)
    for name in found.names:
        if name not in expected.names:
            yield Difference(Change.SNAPSHOT_MADE, name)


def _snapshot_differences(expected: Facts, found: Facts) -> Iterator[Difference]:
    if expected.current != found.current and set(expected.names) == set(found.names):
        yield Difference(Change.CURRENT, found.current or "none")
    if set(expected.external) ^ set(found.external):
        yield Difference(Change.EXTERNAL, "")
    for snapshot in expected.snapshots.keys() & found.snapshots.keys():
        before, after = expected.snapshots[snapshot], found.snapshots[snapshot]
        if before != (after if before.digest else replace(after, digest="")):
            yield Difference(Change.SNAPSHOT_CHANGED, snapshot)
    for path in sorted(expected.images.keys() & found.images.keys()):
        was, now = expected.entries(path), found.entries(path)
        if was != now:
            yield Difference(Change.ENTRIES if now is not None else Change.FILE_HIDDEN, path)


def _file_differences(expected: Facts, found: Facts) -> Iterator[Difference]:
    """Whether images are the same files, how they lie upon each other, who else uses them."""
    for path in sorted(expected.gone):
        if found.exists(path):
            yield Difference(Change.FILE_STAYS, path)
    for path in sorted(expected.layers.heads.keys() & found.layers.heads.keys()):
        if expected.layers.beneath(path) != found.layers.beneath(path):
            yield Difference(Change.BENEATH, path)
    disks = found.status.config.disks
    given_up = {disk.path for disk in disks if disk.path != disk.own(found.name).path}
    known = expected.inodes.keys() & found.inodes.keys()
    for path in sorted(known - expected.gone - given_up):
        if expected.inodes[path].replaced_by(found.inodes[path]):
            yield Difference(Change.EXCHANGED, path)
    # an image that no record names any more is somebody else's for the inventory
    own = {user for path in expected.layers.heads for user in uses_by(path)}
    for path, users in found.others.items():
        for user in users:
            of_before = any(_is_of_before(user, one) for one in expected.of(path))
            if replace(user, tops=()) not in own and not of_before:
                yield Difference(Change.USER, path, now=user.words)


def _is_of_before(now: User, before: User) -> bool:
    """Whether a user is one of before, and nobody uses it who did not."""
    return replace(now, tops=before.tops) == before and set(now.tops) <= set(before.tops)


def _missing_differences(expected: Facts, found: Facts) -> Iterator[Difference]:
    for path, gone in found.missing.items():
        at_first = gone if isinstance(gone, NotKnown) else False
        if gone == expected.missing.get(path, at_first):
            continue
        if isinstance(gone, NotKnown):
            yield Difference(Change.FILE_HIDDEN, path)
        else:
            yield Difference(Change.FILE_GONE if gone else Change.FILE_AGAIN, path)


def _with_chosen(expected: Facts, found: Facts) -> Facts:
    """With the paths that libvirt chose, where these are new overlays on the right images."""
    chosen = {}
    for disk in found.status.config.disks:
        lower, path = expected.fresh.get(disk.target), disk.own(found.name).path or ""
        beneath = found.layers.beneath(path)
        right = beneath == lower or isinstance(beneath, NotKnown)
        if lower is not None and right and path not in expected.layers.heads:
            chosen[disk.target] = path
    if not chosen:
        return expected

    def named(parts: tuple[SnapshotDisk, ...]) -> tuple[SnapshotDisk, ...]:
        return tuple(
            replace(part, path=chosen.get(part.target)) if part.path == CHOSEN else part
            for part in parts
        )

    disks = tuple(
        replace(disk, path=chosen.get(disk.target, CHOSEN)) if disk.path == CHOSEN else disk
        for disk in expected.status.config.disks
    )
    config = replace(expected.status.config, disks=disks)
    return replace(
        expected,
        status=replace(expected.status, config=config),
        snapshots=MappingProxyType(
            {
                name: replace(one, disks=named(one.disks), revert_disks=named(one.revert_disks))
                for name, one in expected.snapshots.items()
            }
        ),
    )
