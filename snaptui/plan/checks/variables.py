"""UEFI variables and TPMs: what libvirt takes into a snapshot, and what it leaves out.

Variables in a qcow2 image can lie inside it as disks do; raw ones cannot (NEWS 9.3, 10.9, 10.10).
Those of a store, and the state of a TPM, are a device's: they are where the RAM is.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.domain import DomainConfig
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def create_refusals(facts: Facts, *, active: bool) -> Iterator[Refusal]:
    """Variables that libvirt does not take, or takes and forgets.

    Args:
        active: whether the domain runs when it is taken.
    """
    config, host, code = facts.status.config, facts.host, libvirt_codes.OPERATION_UNSUPPORTED
    if (
        not config.pflash or config.varstore is not None
    ):  # a store's variables are a device's, in the RAM
        return
    raw = not _in_qcow2(config)
    if does(host, Wrong.LEAVES_OUT_VARIABLES) and not raw:
        yield _left_out(facts).but(harm=Harm.NO_WAY_BACK)
    elif can(host, Can.KEEP_FIRMWARE_INSIDE):
        if active and raw:
            yield refuse(Why.VARIABLES_RAW, Way.SHUT_DOWN, code=code, domain=facts.name)
    elif active or not can(host, Can.TAKE_FIRMWARE_WHILE_OFF):
        yield refuse(Why.VARIABLES_IN_PFLASH, code=code, domain=facts.name)
    elif not raw:
        yield refuse(Why.VARIABLES_NOT_INSIDE_NOT_YET, domain=facts.name)


def holds(config: DomainConfig, *, inside: bool, ram: bool) -> bool:
    """Whether a snapshot of a domain holds its UEFI variables, if it has any.

    Args:
        inside: it lies inside the images.
        ram: it holds the RAM, by which QEMU writes a store anew (measured with 12.9).
    """
    return (
        not config.pflash or (config.varstore is not None and ram) or (inside and _in_qcow2(config))
    )


def not_kept(
    config: DomainConfig, *, inside: bool, ram: bool, snapshot: str = "snapshot"
) -> Iterator[Remark]:
    """What a new snapshot of a domain does not hold; ``snapshot`` is what it is called."""
    if not holds(config, inside=inside, ram=ram):
        yield remark(Warn.VARIABLES_NOT_KEPT, snapshot=snapshot)
    if config.tpm and not ram:
        yield remark(Warn.TPM_NOT_KEPT, snapshot=snapshot)


def revert_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """Variables that would stay as they are now, beside disks of then."""
    if _forgotten(facts, snapshot):
        yield _left_out(facts).but(Way.APPLY_OFFLINE, harm=Harm.HALF)


def delete_refusals(facts: Facts, snapshot: Snapshot) -> Iterator[Refusal]:
    """Variables whose part would stay inside, unknown to libvirt, or keep those of the disks."""
    yield from beside_refusals(facts, snapshot.name)
    if _forgotten(facts, snapshot) and not facts.status.domain.state.active:
        yield _left_out(facts).but(Way.DELETE_WHILE_RUNNING, harm=Harm.LEFT_INSIDE)


def beside_refusals(facts: Facts, name: str) -> Iterator[Refusal]:
    """Variables beside which nothing is deleted, with what libvirt takes for success.

    QEMU's ``delvm`` deletes all parts or none: it wants one in each image that is written to, and
    libvirt drops its record whatever comes of it (measured with 9.0).
    """
    active = facts.status.domain.state.active
    if active and facts.status.config.pflash and does(facts.host, Wrong.FORGETS_WHAT_STAYS):
        own = facts.status.config.variables
        inside = facts.entries(own.path or "") if own is not None else None
        if name not in {entry for _, entry in inside or ()}:
            yield refuse(
                Why.VARIABLES_WITHOUT_PART, Way.DELETE_WHILE_OFF, harm=Harm.LEFT_INSIDE,
                domain=facts.name, name=name, version=abilities.name(facts.host),
            )  # fmt: skip


def _forgotten(facts: Facts, snapshot: Snapshot) -> bool:
    kept = snapshot.config is not None and _in_qcow2(snapshot.config)
    inside = snapshot.kind is Kind.INTERNAL
    return kept and inside and does(facts.host, Wrong.LEAVES_OUT_VARIABLES)


def _in_qcow2(config: DomainConfig) -> bool:
    """Whether the variables are one more image that snapshots lie in, beside those of the disks."""
    return config.written != config.disks


def _left_out(facts: Facts) -> Refusal:
    version = abilities.by_whom(facts.host, Wrong.LEAVES_OUT_VARIABLES)
    return refuse(Why.VARIABLES_LEFT_OUT, domain=facts.name, version=version)
