"""Finding all snapshots of a group: by the mark in their descriptions, never by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from snaptui import text
from snaptui.backend.protocol import Backend
from snaptui.errors import SnaptuiError
from snaptui.image_model import NotKnown
from snaptui.model import Domain
from snaptui.plan.group import group_of
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.why import Way, Why
from snaptui.worker import Worker


@dataclass(frozen=True, slots=True)
class Members:
    """What belongs to a group.

    Attributes:
        found: the domains with the name of the snapshot of each, by the domains' names.
        twice: domains with more than one.
        doubts: what could not be read, as sentences.
    """

    found: tuple[tuple[Domain, str], ...]
    twice: tuple[Refusal, ...] = ()
    doubts: tuple[str, ...] = ()


async def find(backend: Backend, worker: Worker, domains: Iterable[Domain], group: str) -> Members:
    """Read the descriptions of all snapshots of all domains."""
    asked = sorted(domains, key=lambda domain: domain.name)
    answers = await asyncio.gather(
        *(worker.reads.call(partial(_of, backend, one, group), key=one.key) for one in asked)
    )
    found: list[tuple[Domain, str]] = []
    twice: list[Refusal] = []
    doubts: list[str] = []
    for domain, answer in zip(asked, answers, strict=True):
        if isinstance(answer, NotKnown):
            doubts.append(f"Whether {domain.name} has one of the group: {answer.reason}")
        elif answer:
            found.append((domain, answer[0]))
        if not isinstance(answer, NotKnown) and len(answer) > 1:
            names = text.some(answer)
            twice.append(
                refuse(
                    Why.TWICE_IN_GROUP, Way.ALL_BUT_ONE, domain=domain.name, number=len(answer),
                    names=names,
                )
            )  # fmt: skip
    return Members(tuple(found), tuple(twice), tuple(doubts))


def _of(backend: Backend, domain: Domain, group: str) -> tuple[str, ...] | NotKnown:
    """Names of the snapshots of a domain that belong to a group; blocks."""
    try:
        snapshots = [
            backend.snapshot(domain.key, name) for name in backend.snapshot_names(domain.key)
        ]
    except SnaptuiError as error:
        return NotKnown(error.message)
    marks = ((snapshot.name, group_of(snapshot)) for snapshot in snapshots)
    return tuple(name for name, mark in marks if mark is not None and mark.id == group)
