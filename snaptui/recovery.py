"""What became of operations that were cut short: told by the host, not assumed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snaptui.backend.protocol import Backend
from snaptui.errors import NotFound
from snaptui.journal import Past, Record, StepRecord
from snaptui.model import DomainKey, Host


@dataclass(frozen=True, slots=True)
class CutShort:
    """An operation whose process ended before it did."""

    past: Past
    record: Record


def cut_short(journals: Iterable[Past], host: Host) -> tuple[CutShort, ...]:
    """The operations on a host that were cut short and that nobody has been told of."""
    return tuple(
        CutShort(past, record)
        for past in journals
        if not past.alive
        for record in past.records
        if record.host == host.label and not record.outcome and not record.found
    )


def look(backend: Backend, record: Record) -> str:
    """Ask the host what is true now, and say it; blocks.

    Raises:
        SnaptuiError: it cannot be asked; nothing is known then.
    """
    key = DomainKey(backend.uri, record.uuid)
    try:
        status = backend.status(key)
        names = backend.snapshot_names(key)
        current = backend.current_snapshot(key)
    except NotFound:
        return f"The domain {record.domain} is not there any more."
    if status.busy:
        return ""
    return found_words(record, status.domain.state.value, names, current)


def found_words(record: Record, state: str, names: tuple[str, ...], current: str | None) -> str:
    """What the facts say of each step of an operation that was cut short."""
    from snaptui.plan.safety import is_safety  # the plans are a twentieth of each start

    words = []
    for step in record.steps:
        if step.ended is not None:
            words.append(f"Done before: {step.words}.")
        elif step.began is not None:
            said = _said(step, state, names, current)
            words.append(f"Under way when it was cut short: {step.words}. {said}")
        else:
            words.append(f"Not begun: {step.words}.")
    words.append(f"{record.domain} is {state} now; its current snapshot is {current or 'none'}.")
    kept = [step.subject for step in record.steps if is_safety(step.subject)]
    if any(name in names for name in kept):
        words.append(f"The safety snapshot {kept[0]} is there: u brings back what was before.")
    return "\n".join(words)


def _said(step: StepRecord, state: str, names: tuple[str, ...], current: str | None) -> str:
    there = step.subject in names
    if step.kind == "create":
        return "The snapshot is there." if there else "There is no such snapshot: it was not taken."
    if step.kind == "delete":
        return "It is still there." if there else "It is gone."
    if step.kind == "revert":
        if current == step.subject:
            return "The host calls it current: the revert was done, or it was current before."
        return "The host does not call it current: the revert was not done."
    if step.kind == "edit":
        return "The details of the snapshot show whether it was changed."
    return f"The domain is {state}."
