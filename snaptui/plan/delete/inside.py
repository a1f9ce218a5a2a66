"""The delete of a snapshot that lies inside of images."""

from __future__ import annotations

from typing import Any

from snaptui.model import libvirt_codes
from snaptui.model.image import ImageInfo
from snaptui.model.snapshot import Snapshot
from snaptui.plan.checks import (
    broken,
    disk_checks,
    encryption,
    image_checks,
    name_checks,
    variables,
)
from snaptui.plan.delete.findings import Findings
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks


def look(facts: Facts, snapshot: Snapshot) -> Findings:
    """What is to be said of it.

    Beneath an overlay libvirt deletes it only while the domain is off; nothing of what the
    overlay shows changes then (tests/live/test_external_delete.py).
    """
    if (elsewhere := broken.moved(facts, snapshot.name)) is not None:
        return Findings([elsewhere])
    found = Findings(refusals=list(encryption.lost_refusals(facts)))
    found.refusals += image_checks.detached_refusals(facts, snapshot)
    found.refusals += variables.delete_refusals(facts, snapshot)
    found.refusals += disk_checks.delete_refusals(facts, snapshot.name)
    found.refusals += disk_checks.gone_then(facts, snapshot)
    if snapshot.config is None:
        found.refusals.append(_without_domain(facts, snapshot))
    for then, now in image_checks.moved_disks(facts, snapshot):
        known = then.path in facts.layers.in_use or snapshot.name in facts.layers.broken
        if not known:
            found.refusals.append(image_checks.other_image(facts, then, now))
        elif facts.status.domain.state.active:
            found.refusals.append(
                refuse(
                    Why.ONLY_WHILE_OFF, Way.SHUT_DOWN, code=libvirt_codes.OPERATION_UNSUPPORTED,
                    name=snapshot.name, path=then.path, domain=facts.name, now=now.path,
                )
            )  # fmt: skip
    if facts.status.domain.state.active:
        found.refusals += name_checks.running_problem(
            facts, snapshot.name, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE
        )
    found.refusals += encryption.snapshot_refusals(facts, snapshot, Way.ONLY_ITS_METADATA)
    problems = image_checks.entry_problems(facts, snapshot)
    all_gone = len(problems.gone) == len(internal_disks(snapshot))
    gone = Warn.ONLY_METADATA if all_gone else Warn.PART_GONE
    found.warnings += [remark(gone, fact=one.fact) for one in problems.gone]
    for disk in internal_disks(snapshot):
        if why := image_checks.closed_to_writers(disk, facts):
            if isinstance(facts.images.get(disk.path or ""), ImageInfo):
                held = {name for _, name in facts.entries(disk.path or "") or ()}
                harm = Harm.LEFT_INSIDE if snapshot.name in held else None
                found.refusals.append(why.but(harm=harm))
            else:
                found.warnings.append(remark(Warn.ONLY_METADATA, fact=why.words))
    found.refusals += [one.but(harm=Harm.TWIN_LEFT) for one in problems.twins]
    found.refusals += problems.blind
    found.unchecked += problems.unread
    return found


def _without_domain(facts: Facts, snapshot: Snapshot) -> Refusal:
    """Its record does not say which images it lies in, and libvirt takes that for granted."""
    names: dict[str, Any] = {"name": snapshot.name, "domain": facts.name}
    if facts.status.domain.state.active:
        return refuse(Why.NO_DOMAIN_ACTIVE, Way.ONLY_METADATA_UNMANAGED, harm=Harm.CRASH, **names)
    return refuse(Why.NO_DOMAIN_NOT_YET, Way.ONLY_METADATA_UNMANAGED, **names)
