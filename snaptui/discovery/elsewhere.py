"""Asks other hosts whether they have the same guest, or use the same images."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from typing import TypeVar

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import NotFound, SnaptuiError
from snaptui.common.threads import again, begun
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.elsewhere import Elsewhere, ImageElsewhere
from snaptui.model.image import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.planner import AnyFacts

K = TypeVar("K")
T = TypeVar("T")
ANSWERS = 3.0
"""Seconds that all of them have to answer."""


@dataclass(frozen=True, slots=True, eq=False)
class OtherHost:
    """A host that may have it.

    Attributes:
        name: as people call it.
        away: why it cannot be asked; empty when it can.
        listed: UUIDs of the domains that it was seen with last.
        images: paths of the images that these were seen with last.
    """

    name: str
    backend: Looks
    away: str
    listed: frozenset[str]
    images: frozenset[str] = frozenset()

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        host = self.backend.host
        return host is not None and host.local


def elsewhere(others: Collection[OtherHost], uuid: str) -> tuple[Elsewhere, ...]:
    """Where else the guest is; blocks for some seconds at most, in which all are asked at once.

    A host that was not seen with it and cannot be asked is left out: of such there may be many,
    and nothing is known of any.
    """
    answers: dict[OtherHost, Domain | NotKnown | None]
    answers = {one: NotKnown(one.away) for one in others if one.away and uuid in one.listed}
    answers |= _ask_all(
        (one for one in others if not one.away),
        lambda one: one.backend.domain(DomainKey(one.backend.uri, uuid)),
    )
    return tuple(
        Elsewhere(one.name, answer.state if isinstance(answer, Domain) else answer)
        for one, answer in answers.items()
        if answer is not None
    )


def images_elsewhere(
    backend: Looks, facts: Facts, others: Collection[OtherHost]
) -> tuple[tuple[ImageElsewhere, ...], tuple[str, ...]]:
    """Which running guests of other hosts use the images of a domain; blocks as above.

    Where it is known that other hosts reach an image, all of them are asked. Of another image they
    are asked that were seen with its path, and that are this machine; none, where this machine
    alone reaches it. Disks that are no files or devices are not compared.

    Returns:
        Those uses, and the names of the hosts that did not say, where it is known that they may.
    """
    paths, near = _images(facts), facts.host.local
    where = _answers({path: functools.partial(backend.on_several_hosts, path) for path in paths})
    several = {path for path, told in where.items() if told is True}
    alone = {path for path, told in where.items() if told is False}
    asked = [
        one
        for one in others
        if not one.away and (several or (near and one.local) or one.images & (paths - alone))
    ]
    answers = _ask_all(asked, lambda one: one.backend.images_in_use())
    found: list[ImageElsewhere] = []
    silent = [one.name for one in others if one.away and several]
    for one, told in answers.items():
        if not isinstance(told, tuple):
            silent += [one.name] if several else []
            continue
        for domain, used in told:
            if domain.key.uuid == facts.status.domain.key.uuid:
                continue
            for path in sorted(used & paths):
                sure = path in several or (near and one.local)
                if sure or path not in alone:
                    found.append(ImageElsewhere(one.name, domain.name, path, sure))
    return tuple(found), tuple(silent)


def with_elsewhere(backend: Looks, facts: AnyFacts, others: Collection[OtherHost]) -> AnyFacts:
    """What was read of a domain, with where else it is, and its images; blocks as above."""
    if not others or not isinstance(facts, Facts):
        return facts
    images = begun(functools.partial(images_elsewhere, backend, facts, others))
    there = elsewhere(others, facts.status.domain.key.uuid)
    used, unasked = again(images)
    return replace(facts, elsewhere=there, images_elsewhere=used, unasked=unasked)


def _images(facts: Facts) -> frozenset[str]:
    """What a domain writes to and no other may, and what lies beneath that."""
    own = (disk for disk in facts.status.config.written if not disk.shareable)
    paths = (disk.path for disk in own if disk.path is not None and not disk.read_only)
    return frozenset((*paths, *facts.layers.heads))


def _ask_all(
    others: Iterable[OtherHost], ask: Callable[[OtherHost], T]
) -> dict[OtherHost, T | NotKnown | None]:
    return _answers({one: functools.partial(ask, one) for one in others})


def _answers(calls: Mapping[K, Callable[[], T]]) -> dict[K, T | NotKnown | None]:
    """What is answered in time, all asked at once; ``None`` for what does not exist there."""
    asked = {key: begun(call) for key, call in calls.items()}
    until = time.monotonic() + ANSWERS
    answers: dict[K, T | NotKnown | None] = {}
    for key, future in asked.items():
        try:
            answers[key] = future.result(max(0.0, until - time.monotonic()))
        except NotFound:
            answers[key] = None
        except NotYet:
            answers[key] = NotKnown("it does not answer")
        except SnaptuiError as error:
            answers[key] = NotKnown(error.message)
    return answers
