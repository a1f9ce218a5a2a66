"""What became of operations that were confirmed together, said once: the cause, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from snaptui.model.operation_record import Batch, Became, Outcome, Record, StepKind, StepRecord
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.recovery import Finding


@dataclass(frozen=True, slots=True)
class Member:
    """One of them.

    Attributes:
        done: what it was there for is done, whatever is not.
        well: all of it is done, and there is nothing to say.
        why: why it is not, in lines; may be empty.
        needs: what is to be done about it, in sentences; may be empty.
        kept: safety snapshots of it that stay.
        follows: it only stopped because of others.
        unknown: its host has not said yet what became of it.
    """

    name: str
    done: bool
    well: bool
    why: str = ""
    needs: str = ""
    kept: tuple[str, ...] = ()
    follows: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """All of them together.

    Attributes:
        title: how many, and of what group.
        words: who is not, why, and what each needs, in lines.
    """

    title: str
    words: str


_DONE = {StepKind.REVERT: "reverted", StepKind.DELETE: "deleted", StepKind.CREATE: "taken"}
_AGAIN = {
    StepKind.REVERT: "Revert it again",
    StepKind.DELETE: "Delete it again",
    StepKind.CREATE: "Take it again",
}
_MAIN = (StepKind.REVERT, StepKind.DELETE, StepKind.CREATE)


def of_operations(batch: Batch, operations: Sequence[Operation]) -> Summary:
    """What became of operations of this process; all of them are over."""
    members = [_of_operation(operation) for operation in operations]
    return _summary(batch, [one.record for one in operations], members)


def of_cut_short(
    batch: Batch, records: Mapping[int, Record], findings: Mapping[int, Finding]
) -> Summary:
    """What became of those of a process that ended before them.

    Args:
        records: by number, those that had begun: at least one.
        findings: by number, what the host says of those that were cut short.
    """
    members = []
    for number, name in zip(batch.numbers, batch.members, strict=True):
        if number in findings:
            members.append(_of_finding(name, findings[number]))
        elif number in records:
            members.append(_of_record(name, records[number]))
        else:
            members.append(Member(name, False, False, "It was not started."))
    if batch.whole and not all(one.done or one.unknown for one in members):
        members = [_to_be_undone(one) if one.done else one for one in members]
    return _summary(batch, list(records.values()), members)


def _summary(batch: Batch, records: Sequence[Record], members: Sequence[Member]) -> Summary:
    did = _DONE.get(kind_of_all(records[0]), "done")
    left = [member for member in members if not member.done and not member.unknown]
    unknown = sum(member.unknown for member in members)
    count = f"{len(members) - len(left) - unknown} of {len(members)} {did}"
    if unknown:
        count += f", {unknown} not known yet"
    subjects = {step.subject for step in map(_main, records) if step is not None}
    called = subjects.pop() if len(subjects) == 1 else batch.group
    title = f"{called}: {count}" if batch.group else count
    names = ", ".join(member.name for member in left)
    lines = [f"{count}; not {names}." if left else f"{count}."]
    causes = [one for one in members if not one.well and not one.follows]
    lines += [line for member in causes for line in _lines([member])]
    lines += _together([one for one in members if not one.well and one.follows])
    if kept := [f"{member.name}: {name}" for member in members for name in member.kept]:
        lines.append(f"Safety snapshots that stay: {', '.join(kept)}.")
    return Summary(title, "\n".join(lines))


def _together(members: Iterable[Member]) -> list[str]:
    """Those of which the same is to be said, in one line."""
    same: dict[tuple[str, str], list[Member]] = {}
    for member in members:
        same.setdefault((member.why, member.needs), []).append(member)
    return [line for those in same.values() for line in _lines(those)]


def _lines(members: Sequence[Member]) -> list[str]:
    first, *more = members[0].why.split("\n")
    names = ", ".join(member.name for member in members)
    needs = [members[0].needs] if members[0].needs else []
    return [f"{names}: {first}", *(f"  {line}" for line in (*more, *needs))]


def kind_of_all(record: Record) -> StepKind:
    """What an operation is there for."""
    step = _main(record)
    return step.kind if step is not None else StepKind.OTHER


def _main(record: Record) -> StepRecord | None:
    """The step that an operation is there for: a revert's, whatever it takes before."""
    for kind in _MAIN:
        for step in reversed(record.steps):
            if step.kind is kind:
                return step
    return None


def _is_done(record: Record, became: Became | None) -> bool:
    step = _main(record)
    if step is None:
        return record.outcome is Outcome.DONE
    if record.undone:
        return False
    return step.ended is not None or (step is record.under_way and became is Became.DONE)


def _of_operation(operation: Operation) -> Member:
    record, well = operation.record, operation.phase is Phase.DONE
    untold = operation.because_of or operation.undone  # of them nothing was wrong, or is left
    far = "" if untold else operation.how_far
    return Member(
        operation.called,
        _is_done(record, None),
        well,
        operation.error,
        " ".join(words for words in (far, operation.way) if words),
        () if well else operation.kept,
        bool(operation.because_of),
    )


def _to_be_undone(member: Member) -> Member:
    """One that was taken of a group that was to be all or none, and is not whole."""
    words = "It was taken, and the group is all-or-nothing."
    return replace(member, well=False, why=words, needs="Delete its snapshot.")


def _of_record(name: str, record: Record) -> Member:
    """One that had ended, or of which somebody has been told."""
    if record.outcome is None and not record.found:
        words = "Its host has not been asked yet; a further message says what became of it."
        return Member(name, False, False, words, unknown=True)
    well = record.outcome is Outcome.DONE
    why = record.error or record.found
    return Member(name, _is_done(record, record.became), well, why, record.hint)


def _of_finding(name: str, found: Finding) -> Member:
    needs = ""
    kind = kind_of_all(found.record)
    if not found.finished and found.became is not Became.GONE and kind in _AGAIN:
        back = " or undo it" if found.kept and found.became is not Became.NOT_DONE else ""
        needs = f"{_AGAIN[kind]}{back}."
    return Member(
        name,
        _is_done(found.record, found.became),
        found.finished,
        "\n".join(found.open_lines),
        needs,
        () if found.finished or not found.kept else (found.kept,),
    )
