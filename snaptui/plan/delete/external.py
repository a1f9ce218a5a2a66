"""What a delete does with the overlays of an external snapshot, and what speaks against it.

libvirt merges each overlay into the image beneath (a block commit) and removes it. What it
refuses or breaks is proven on libvirt 9.0 by tests/live/test_external_delete.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from snaptui.common import shell
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.disk import Disk, Presence
from snaptui.model.image import ImageInfo, Looped, Missing, NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import (
    broken,
    by_other_means,
    disk_checks,
    domain_checks,
    encryption,
    image_checks,
    open_still,
)
from snaptui.plan.checks.whereabouts import traced
from snaptui.plan.delete import branch, merge_needs, overlay_lookup
from snaptui.plan.delete.findings import Findings
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse, unforetold
from snaptui.plan.remark import Note, Unchecked, remark
from snaptui.plan.steps.delete_effect import descendants, frozen
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.backing_chain import chain


def look(facts: Facts, snapshot: Snapshot) -> Findings:
    """What speaks against the delete of one external snapshot, and what it does."""
    found = Findings(domain_checks.merge_refusals(facts))
    found.refusals += open_still.refusals(facts)
    if found.refusals:
        return found
    name = snapshot.name
    branches = facts.layers.branches
    found.refusals += _bases_removed(facts, snapshot)
    if by_other_means.holds_nothing(snapshot):
        found.refusals += by_other_means.moved_refusals(facts, snapshot)
        return found
    if branches.known and not found.refusals:
        found.refusals += branch.refusals(facts, snapshot)
        if found.refusals:
            return found
    if name in branches.ended:
        found.add(branch.look_at_end(facts, snapshot))
        _look_at_memory(facts, snapshot, found)
        return found
    found.refusals += encryption.lost_refusals(facts)
    found.refusals += encryption.taken_for_encrypted(facts)
    found.refusals += encryption.key_refusals(facts)
    found.refusals += disk_checks.lun_refusals(facts)
    why = facts.layers.broken.get(name)
    if why is not None:
        code = overlay_lookup.code_of_broken(facts, snapshot)
        found.refusals.append(broken.refusal(facts, name, why).but(code=code))
        return found
    found.refusals += _whole(facts, snapshot)
    outside = [part.target for part in snapshot.disks if part.presence is Presence.EXTERNAL]
    if not outside and does(facts.host, Wrong.DELETES_NO_RAM_ALONE):
        found.refusals.append(
            refuse(
                Why.RAM_ALONE, Way.ONLY_METADATA_FILE, code=libvirt_codes.INTERNAL_ERROR,
                name=name, version=abilities.by_whom(facts.host, Wrong.DELETES_NO_RAM_ALONE),
            )
        )  # fmt: skip
    found.refusals += image_checks.unopened(facts, outside)
    found.refusals += by_other_means.delete_refusals(facts, snapshot)
    now = {disk.target: disk for disk in facts.status.config.disks}
    if detached := [target for target in outside if target not in now]:
        # libvirt takes part after part, and looks for the disk of each first
        before = outside[: outside.index(detached[0])]
        if overlay_lookup.parent_inside(facts, snapshot, before) is None:
            found.refusals = []
        sooner = Findings()
        for target in before:
            _look_at_part(facts, snapshot, now[target], sooner)
        told = [*sooner.refusals, *(_detached(facts, snapshot, target) for target in detached)]
        same = len({one.code for one in (*found.refusals, *told)}) == 1
        found.refusals += told if same else unforetold(told)
        return found
    for target in outside:
        _look_at_part(facts, snapshot, now[target], found)
    if any(one.why is Why.IN_NO_FILE for one in found.refusals):
        found.refusals = list(unforetold(found.refusals))
    _look_at_memory(facts, snapshot, found)
    return found


def _look_at_part(facts: Facts, snapshot: Snapshot, now: Disk, found: Findings) -> None:
    """One of its disks, which the domain still has."""
    name, target = snapshot.name, now.target
    then = snapshot.then.get(target)
    overlay = facts.layers.branches.overlays_of(snapshot).get(target)
    if now.transient:
        way = Way.NOT_TRANSIENT_FIRST
        found.refusals.append(refuse(Why.TRANSIENT_OVERLAY, way, disk=target, domain=facts.name))
    if overlay is None or then is None or then.path is None:
        found.refusals.append(refuse(Why.IN_NO_FILE, disk=target, name=name))
        return
    if then.volume is not None and not overlay_lookup.named(now, then):
        found.refusals.append(
            refuse(
                Why.VOLUME_REOPENED, Way.MERGE_BY_HAND, code=libvirt_codes.OPERATION_FAILED,
                path=then.path, domain=facts.name, name=name,
            )
        )  # fmt: skip
    _look_at(facts, snapshot, now, overlay, then, then.path, found)


def _detached(facts: Facts, snapshot: Snapshot, target: str) -> Refusal:
    disk = snapshot.then.get(target)
    path = disk.path if disk is not None and disk.path is not None else "no file"
    code = libvirt_codes.INVALID_ARG
    return refuse(Why.DETACHED_NOT_YET, code=code, disk=target, path=path, domain=facts.name)


def _bases_removed(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """Below an internal one that the domain went back to, its images are taken for left ones."""
    parent = overlay_lookup.parent_inside(facts, snapshot)
    overlays = facts.layers.branches.overlays_of(snapshot).values()
    left = not facts.layers.in_use.intersection(overlays)
    if does(facts.host, Wrong.REMOVES_BASES) and left and parent is not None:
        yield refuse(
            Why.BASES_REMOVED, Way.ONLY_METADATA_OF, harm=Harm.BASES_LOST, name=snapshot.name,
            parent=parent.name, domain=facts.name, without=snapshot.name,
            version=abilities.by_whom(facts.host, Wrong.REMOVES_BASES),
        )  # fmt: skip


def _look_at_memory(facts: Facts, snapshot: Snapshot, found: Findings) -> None:
    path = snapshot.memory_path
    if path is not None:
        if isinstance(facts.layers.heads.get(path), Missing):
            found.notes.append(remark(Note.RAM_GONE, path=path))
        elif facts.layers.keeps_memory:
            version = abilities.name(facts.host)
            found.warnings.append(remark(Warn.RAM_STAYS, path=path, version=version))
        else:
            found.notes.append(remark(Note.RAM_REMOVED, path=path))


def _whole(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """What forbids it whatever its disks are."""
    name = snapshot.name
    if not can(facts.host, Can.DELETE_EXTERNAL):
        yield refuse(Why.NO_EXTERNAL_DELETE, version=abilities.name(facts.host))
    if facts.status.hung:
        yield refuse(Why.HUNG, Way.POWER_OFF, domain=facts.name)
    if (parent := overlay_lookup.parent_inside(facts, snapshot)) is not None:
        if facts.status.domain.state.active:
            way = Way.PARENT_METADATA_XML if parent.has_memory else Way.PARENT_METADATA
        else:
            way = Way.PARENT_FIRST_XML if parent.has_memory else Way.PARENT_FIRST
        sooner = facts.status.domain.state.active and overlay_lookup.fails_sooner(facts, snapshot)
        yield refuse(
            Why.PARENT_INSIDE, way, parent=parent.name, name=name,
            code=libvirt_codes.OPERATION_FAILED if sooner else libvirt_codes.OPERATION_UNSUPPORTED,
            version=abilities.proven(facts.host),
        )  # fmt: skip


def _look_at(
    facts: Facts,
    snapshot: Snapshot,
    now: Disk,
    overlay: str,
    then: Disk,
    lower: str,
    found: Findings,
) -> None:
    """One disk: ``overlay`` is to be merged into ``lower``, which it was ``then``."""
    layers, name, target = facts.layers, snapshot.name, now.target
    levels = chain(now.path or "", now.format, layers.heads)
    paths = [level.path for level in levels]
    end = levels[-1].image
    if isinstance(end, Missing):
        path = levels[-1].path
        unseen = overlay_lookup.too_deep(facts, now, overlay, then)
        error = libvirt_codes.INVALID_ARG if unseen else libvirt_codes.NO_FILE
        cut = refuse(Why.CHAIN_CUT_OFF, Way.PUT_BACK, code=error, path=path, disk=target)
        found.refusals.append(traced(facts, cut, path))
        return
    if isinstance(end, Looped):
        again = levels[-1].path
        found.refusals.append(refuse(Why.SELF_BACKED, Way.LOOK_INTO_CHAIN, path=again, disk=target))
        return
    if data := facts.data_gone.get(now.path or ""):
        found.refusals.append(refuse(Why.DATA_FILE_GONE, Way.PUT_BACK, path=data, disk=target))
        return
    below = layers.heads.get(lower)
    if isinstance(below, ImageInfo) and below.holds_qcow2:
        line = shell.line(("qemu-img", "rebase", "-u", "-F", "qcow2", "-b", lower, overlay))
        way = Way.DECLARE_QCOW2 if layers.beneath(overlay) == lower else Way.DECLARE_QCOW2_ABOVE
        found.refusals.append(refuse(Why.DECLARED_RAW, way, path=lower, disk=target, line=line))
    if overlay not in paths:
        if isinstance(end, NotKnown):
            found.unchecked.append(
                remark(Unchecked.USES_OVERLAY, disk=target, path=overlay, reason=end.reason)
            )
            return
        found.refusals.append(
            refuse(
                Why.NOT_USED_NOW,
                Way.ONLY_METADATA_FILE,
                code=libvirt_codes.INVALID_ARG,
                disk=target,
                path=overlay,
                version=abilities.proven(facts.host),
            )
        )
        return
    if isinstance(end, NotKnown):
        found.unchecked.append(remark(Unchecked.BENEATH, disk=target, reason=end.reason))
    at = paths.index(overlay)
    found.refusals += _closed_refusals(facts, target, (overlay, lower))
    found.refusals += _written_refusals(facts, target, paths[at + 2 :])
    if overlay_lookup.too_deep(facts, now, overlay, then):
        found.refusals += _depth_refusals(facts, snapshot, paths[:at])
    found.refusals += merge_needs.inside_refusals(facts, overlay)
    beneath = layers.beneath(overlay)
    if isinstance(beneath, str) and beneath != lower:
        looked_at = layers.branches.known or facts.status.domain.state.active
        code = libvirt_codes.OPERATION_FAILED if looked_at else None
        found.refusals.append(
            refuse(
                Why.RECORD_WRONG, Way.MERGE_BY_HAND, code=code, path=overlay, beneath=beneath,
                name=name, lower=lower,
            )
        )  # fmt: skip
        return
    if beneath is None and not overlay_lookup.named(now, then):
        found.refusals.append(
            refuse(
                Why.STANDS_ALONE, Way.ONLY_METADATA_FILE, code=libvirt_codes.OPERATION_FAILED,
                path=overlay, name=name, lower=lower,
            )
        )  # fmt: skip
        return
    if overlay.startswith("/dev/"):
        found.refusals.append(refuse(Why.DEVICE_NOT_MERGED_NOT_YET, path=overlay))
    own = {paths[at - 1]} if at else set()
    if layers.branches.known:
        own |= _rebased(facts, name)
    found.refusals += merge_needs.sharing_refusals(facts, overlay, lower, own)
    if not found.refusals:
        found.notes.append(remark(Note.MERGED, disk=target, path=overlay, lower=lower))


def _closed_refusals(facts: Facts, target: str, paths: tuple[str, str]) -> Iterator[Refusal]:
    """What a QEMU that is started for the merge will not open; otherwise the guest's has it."""
    if facts.status.domain.state.active:
        return
    for path in paths:
        image = facts.layers.heads.get(path)
        if not isinstance(image, ImageInfo):
            continue
        code = libvirt_codes.INTERNAL_ERROR
        names: dict[str, Any] = {"path": path, "disk": target}
        if image.corrupt:
            yield refuse(Why.IMAGE_CORRUPT, Way.REPAIR_COPY, code=code, **names)
        elif image.locked:
            who = facts.held.get(path, "Another program of QEMU's")
            yield refuse(Why.IMAGE_OPEN, Way.END_FIRST, code=code, who=who, **names)
        elif path == paths[0] and image.format != "qcow2":
            yield refuse(Why.NOT_AN_OVERLAY, code=code, format=image.format, **names)


def _written_refusals(facts: Facts, target: str, paths: Sequence[str]) -> Iterator[Refusal]:
    """What lies beneath both must not be written to by another, or that QEMU does not start."""
    for path in paths if not facts.status.domain.state.active else ():
        image = facts.layers.heads.get(path)
        if isinstance(image, ImageInfo) and image.in_writing:
            yield refuse(
                Why.IMAGE_OPEN, Way.END_FIRST, code=libvirt_codes.INTERNAL_ERROR,
                path=path, disk=target, who="Another QEMU",
            )  # fmt: skip


def _depth_refusals(facts: Facts, snapshot: Snapshot, over: Sequence[str]) -> Iterator[Refusal]:
    """That an overlay lies beneath others, where libvirt looks for none there."""
    above = [one.name for one in facts.snapshots.values() if frozen(one).keys() & set(over)]
    yield refuse(
        Why.NEWEST_ONLY, Way.NEWER_FIRST, code=libvirt_codes.INVALID_ARG, domain=facts.name,
        version=abilities.by_whom(facts.host, Wrong.MERGES_NEWEST_ALONE),
        above=", ".join(above) or "what lies above", name=snapshot.name,
    )  # fmt: skip


def _rebased(facts: Facts, name: str) -> set[str]:
    """The images of branches below, which libvirt puts upon the image that is merged into."""
    below = (facts.snapshots[one].config for one in descendants(facts.snapshots, name))
    return {disk.path or "" for config in below if config is not None for disk in config.disks}


def room(facts: Facts, victims: Sequence[Snapshot]) -> Findings:
    """Whether the merges have the space that they need first, one after another."""
    return merge_needs.room(
        facts,
        (
            (overlay, disk.path or "")
            for snapshot in victims
            if snapshot.name not in facts.layers.branches.ended
            for overlay, disk in frozen(snapshot, facts.layers.branches).items()
            if overlay in facts.layers.in_use
        ),
        cancels=False,
    )
