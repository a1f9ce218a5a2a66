"""Disks whose definition, or a snapshot's metadata, names other backing files than the images do.

See ``storage/defined_chain.py``. The revert makes the list of then that of now: where a file in
it is gone the domain does not start any more, and a guest that runs is stopped before.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model import libvirt_codes
from snaptui.model.virsh_line import virsh_there
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.defined_chain import Departure


def revert_refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """Metadata that name what is gone."""
    name, domain = step.snapshot.name, facts.status.domain
    starts = step.end_state is not None and step.end_state.active
    for one in facts.recorded_departures.get(name, ()):
        if one.gone is True:
            line = virsh_there("snapshot-edit", domain.name, domain.key.uuid, name)
            yield refuse(
                Why.RECORDED_BENEATH_GONE, Way.RECORD_WITHOUT_CHAIN, harm=Harm.NO_START,
                code=libvirt_codes.NO_FILE if starts else None, name=name, path=one.named,
                disk=one.target, line=line,
            )  # fmt: skip


def revert_doubts(facts: Facts, step: RevertTo) -> Iterator[Remark]:
    """Metadata that name another file than the image does."""
    name = step.snapshot.name
    for one in facts.recorded_departures.get(name, ()):
        if one.gone is not True:
            yield remark(Unchecked.CHAIN_RECORDED, name=name, **_told(one))


def doubts(facts: Facts) -> Iterator[Remark]:
    """The same of the domain as it is now."""
    for one in facts.departures:
        yield remark(Unchecked.CHAIN_DEFINED, domain=facts.name, **_told(one))


def _told(one: Departure) -> dict[str, str]:
    return {"disk": one.target, "named": one.named, "beneath": one.beneath or "nothing"}
