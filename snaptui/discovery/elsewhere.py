"""Asks other hosts whether they have the same guest."""

from __future__ import annotations

import functools
import time
from collections.abc import Collection
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace

from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import NotFound, SnaptuiError
from snaptui.common.threads import begun
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.elsewhere import Elsewhere
from snaptui.model.image import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.planner import AnyFacts

ANSWERS = 3.0
"""Seconds that all of them have to answer."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherHost:
    """A host that may have it.

    Attributes:
        name: as people call it.
        away: why it cannot be asked; empty when it can.
        listed: UUIDs of the domains that it was seen with last.
    """

    name: str
    backend: Reads
    away: str
    listed: frozenset[str]


def elsewhere(others: Collection[OtherHost], uuid: str) -> tuple[Elsewhere, ...]:
    """Where else the guest is; blocks for some seconds at most, in which all are asked at once.

    A host that was not seen with it and cannot be asked is left out: of such there may be many,
    and nothing is known of any.
    """
    asked = {
        one: begun(functools.partial(one.backend.domain, DomainKey(one.backend.uri, uuid)))
        for one in others
        if not one.away
    }
    until = time.monotonic() + ANSWERS
    answers: dict[OtherHost, Domain | NotKnown | None]
    answers = {one: NotKnown(one.away) for one in others if one.away and uuid in one.listed}
    answers |= {one: _answer(future, until) for one, future in asked.items()}
    return tuple(
        Elsewhere(one.name, answer.state if isinstance(answer, Domain) else answer)
        for one, answer in answers.items()
        if answer is not None
    )


def with_elsewhere(facts: AnyFacts, others: Collection[OtherHost]) -> AnyFacts:
    """What was read of a domain, with where else it is; blocks as :func:`elsewhere` does."""
    if not others or not isinstance(facts, Facts):
        return facts
    return replace(facts, elsewhere=elsewhere(others, facts.status.domain.key.uuid))


def _answer(asked: Future[Domain], until: float) -> Domain | NotKnown | None:
    try:
        return asked.result(max(0.0, until - time.monotonic()))
    except NotFound:
        return None
    except NotYet:
        return NotKnown("it does not answer")
    except SnaptuiError as error:
        return NotKnown(error.message)
