"""Finding all snapshots of a group: by the mark in their descriptions, never by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from snaptui.backend.protocol.reads import Reads
from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Worker
from snaptui.model.domain import Domain
from snaptui.model.group_mark import Group, group_of
from snaptui.model.image import NotKnown
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


@dataclass(frozen=True, slots=True)
class Members:
    """What belongs to a group.

    Attributes:
        found: the domains with the name of the snapshot of each, by the domains' names.
        twice: domains with more than one.
        unread: names of the domains whose snapshots could not be read.
        doubts: the same, each with the reason.
        group: what the mark says that was written when all of it was there; ``None`` without.
    """

    found: tuple[tuple[Domain, str], ...]
    twice: tuple[Refusal, ...] = ()
    unread: tuple[str, ...] = ()
    doubts: tuple[Remark, ...] = ()
    group: Group | None = None


async def find(
    backend: Reads,
    worker: Worker,
    domains: Iterable[Domain],
    group: str,
    tell: Callable[[int, int], None],
) -> Members:
    """Read the descriptions of all snapshots of all domains.

    Args:
        tell: called with how many domains have been read, and how many there are.
    """
    asked = sorted(domains, key=lambda domain: domain.name)
    read = 0

    async def ask(one: Domain) -> tuple[tuple[str, Group], ...] | NotKnown:
        nonlocal read
        answer = await worker.reads.call(partial(_of, backend, one, group), key=one.key)
        read += 1
        tell(read, len(asked))
        return answer

    answers = await asyncio.gather(*map(ask, asked))
    found: list[tuple[Domain, str]] = []
    twice: list[Refusal] = []
    unread: list[str] = []
    doubts: list[Remark] = []
    marks: list[Group] = []
    for domain, answer in zip(asked, answers, strict=True):
        if isinstance(answer, NotKnown):
            unread.append(domain.name)
            doubts.append(remark(Unchecked.IN_GROUP, domain=domain.name, reason=answer.reason))
            continue
        if answer:
            found.append((domain, answer[0][0]))
            marks += [mark for _, mark in answer if mark.spread is not None]
        if len(answer) > 1:
            names = text.some([name for name, _ in answer])
            twice.append(
                refuse(
                    Why.TWICE_IN_GROUP, Way.ALL_BUT_ONE, domain=domain.name, number=len(answer),
                    names=names,
                )
            )  # fmt: skip
    noted = max(marks, key=lambda mark: len(mark.members), default=None)
    return Members(tuple(found), tuple(twice), tuple(unread), tuple(doubts), noted)


def unreached(host: str, reason: str) -> Members:
    """A host of which nothing is known."""
    return Members(
        (), unread=(host,), doubts=(remark(Unchecked.IN_GROUP, domain=host, reason=reason),)
    )


def joined(of_hosts: Sequence[Members]) -> Members:
    """What belongs to a group on several hosts."""
    groups = [one.group for one in of_hosts if one.group is not None]
    return Members(
        tuple(
            sorted((found for one in of_hosts for found in one.found), key=lambda one: one[0].name)
        ),
        tuple(refusal for one in of_hosts for refusal in one.twice),
        tuple(name for one in of_hosts for name in one.unread),
        tuple(doubt for one in of_hosts for doubt in one.doubts),
        max(groups, key=lambda mark: len(mark.members), default=None),
    )


def _of(backend: Reads, domain: Domain, group: str) -> tuple[tuple[str, Group], ...] | NotKnown:
    """Names and marks of the snapshots of a domain that belong to a group; blocks."""
    try:
        snapshots = [
            backend.snapshot(domain.key, name) for name in backend.snapshot_names(domain.key)
        ]
    except SnaptuiError as error:
        return NotKnown(error.message)
    marks = ((snapshot.name, group_of(snapshot)) for snapshot in snapshots)
    return tuple((name, mark) for name, mark in marks if mark is not None and mark.id == group)
