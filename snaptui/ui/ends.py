"""What is said of operations outside of the screen: while they are under way, and at their end."""

from __future__ import annotations

from snaptui.common import text
from snaptui.operations.operation import Operation
from snaptui.operations.runner import Operations


def title_of(operations: Operations) -> str:
    """What is under way and how far it is, or how the last one ended; empty for nothing so far."""
    unfinished = operations.unfinished
    if len(unfinished) > 1:
        return f"{text.count(len(unfinished), 'operation')} under way"
    for one in unfinished:
        share = f", {int(one.share * 100)} %" if one.share is not None else ""
        return f"{one.title}: {one.phase.value}{share}"
    last = max(operations.all.values(), key=lambda one: one.ended or 0.0, default=None)
    return f"{last.title}: {last.phase.value}" if last is not None else ""


def notice_of(operation: Operation, operations: Operations) -> tuple[str, float] | None:
    """What is told of an end, and how many seconds it took; ``None`` while it is none.

    Operations that were confirmed together end together.
    """
    batch = operation.batch
    together = (operation,) if batch is None else operations.of(batch)
    if not all(one.phase.over for one in together):
        return None
    took = max(one.ended or 0.0 for one in together) - min(one.started for one in together)
    if batch is None:
        return f"{operation.title}: {operation.phase.value}", took
    from snaptui.operations.batches import of_operations

    return of_operations(batch, together).title, took
