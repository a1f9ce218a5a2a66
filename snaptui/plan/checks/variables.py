"""UEFI variables and TPMs: what libvirt takes into a snapshot, and what it leaves out.

Variables in a qcow2 image can lie inside it as disks do; raw ones cannot (NEWS 9.3, 10.9, 10.10).
The RAM holds them too: they are a device's, and QEMU writes their file anew when it has loaded it
(measured: in a store with 12.8 and 12.9, in qcow2 and raw with 11.3 as well). Of a TPM's state
QEMU says the same (its docs/specs/tpm.rst); that was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model import abilities, libvirt_codes
from snaptui.model.abilities import Can, Wrong, can, does
from snaptui.model.domain import DomainConfig
from snaptui.model.image import Missing, NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Harm, Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.steps.domain import RevertTo
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def create_refusals(facts: Facts, *, active: bool) -> Iterator[Refusal]:
    """Variables that libvirt does not take, or takes and forgets.

    Args:
        active: whether the domain runs when it is taken.
    """
    config, host, code = facts.status.config, facts.host, libvirt_codes.OPERATION_UNSUPPORTED
    if not config.pflash or config.varstore is not None:  # a store forbids no snapshot
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
        ram: it holds the RAM.
    """
    return not config.pflash or ram or (inside and _in_qcow2(config))


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


def resets(step: RevertTo) -> bool:
    """Whether a revert makes the variables anew, as asked.

    libvirt does it when it starts a guest, and RAM that is loaded then brings those of its time
    back (measured with 9.0 to 12.9).
    """
    starts = step.end_state is not None and step.end_state.active
    return step.reset_nvram and starts and not step.snapshot.has_memory


def reset_refusals(facts: Facts, step: RevertTo) -> Iterator[Refusal]:
    """A reset that would not be one, or that would take parts of snapshots with it.

    The image of the variables is made anew from its template, without what was inside.
    """
    then, name = step.snapshot.config, step.snapshot.name
    if not step.reset_nvram or then is None:
        return
    if step.snapshot.has_memory:
        yield refuse(Why.RESET_NOT_WITH_RAM, Way.VARIABLES_AS_NOW, name=name)
    elif not resets(step):
        yield refuse(Why.RESET_AT_START_ALONE, Way.START_OR_AS_NOW, domain=facts.name)
    if _in_qcow2(then) and then.variables is not None:
        inside = {entry for _, entry in facts.entries(then.variables.path or "") or ()}
        own = {name} if step.snapshot.kind is Kind.INTERNAL else set()
        if names := sorted(inside | own):
            yield refuse(
                Why.RESET_LOSES_PARTS, Way.VARIABLES_AS_NOW, harm=Harm.INSIDE_LOST,
                path=then.variables.path, names=text.some(names),
            )  # fmt: skip


def reset_unread(facts: Facts, step: RevertTo) -> Iterator[Remark]:
    """Whether there are such parts, where the image of the variables cannot be read."""
    then = step.snapshot.config
    own = then.variables if step.reset_nvram and then is not None and _in_qcow2(then) else None
    image = facts.images.get(own.path or "") if own is not None else None
    if own is not None and isinstance(image, NotKnown) and not isinstance(image, Missing):
        yield remark(Unchecked.INSIDE, disk=own.target, reason=image.reason)


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
