"""The same guest on other hosts, and guests of others that may run on the same images.

QEMU's lock on an image keeps them apart, where locks reach other hosts. Elsewhere nothing does:
a snapshot that is taken here while the guest runs there is written over by it, one that is taken
there removes those of here, and what is reverted here it does not see (measured with 9.0 and
11.3; ``qemu-img check`` finds nothing).
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model.domain import DomainState
from snaptui.model.image import NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.refusal import Refusal, refuse
from snaptui.plan.remark import Remark, Unchecked, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why


def refusals(facts: Facts) -> Iterator[Refusal]:
    """It, or its image, is in use there: what is changed here is not seen, and written over."""
    for one in facts.elsewhere:
        if isinstance(one.state, DomainState) and one.state.active:
            state = one.state.value
            yield refuse(Why.ACTIVE_ELSEWHERE, Way.ON_THAT_HOST, host=one.host, state=state)
    for use in facts.images_elsewhere:
        if use.sure:
            yield refuse(
                Why.IMAGE_ELSEWHERE, Way.OFF_THERE, path=use.path, domain=use.domain, host=use.host
            )


def warnings(facts: Facts) -> Iterator[Remark]:
    """It is off there, and can be started at any time."""
    for one in facts.elsewhere:
        if isinstance(one.state, DomainState) and not one.state.active:
            yield remark(Warn.DEFINED_ELSEWHERE, host=one.host, domain=facts.name)


def unasked(facts: Facts) -> Iterator[Remark]:
    """Hosts that may have it or use its images, and do not say; paths that may be one file."""
    for one in facts.elsewhere:
        if isinstance(one.state, NotKnown):
            yield remark(Unchecked.ELSEWHERE, host=one.host, reason=one.state.reason)
    for use in facts.images_elsewhere:
        if not use.sure:
            names = {"path": use.path, "domain": use.domain, "host": use.host}
            yield remark(Unchecked.SAME_IMAGE, **names)
    if facts.unasked:
        hosts = text.some(facts.unasked)
        number = text.count(len(facts.unasked), "host")
        yield remark(Unchecked.IMAGES_ELSEWHERE, hosts=hosts, number=number)


def doubts(facts: Facts | ImageFacts) -> Iterator[Remark]:
    """Images that are not written to here, of which nobody can tell whether they are there."""
    for path, kind in facts.unlocked.items():
        yield remark(Unchecked.OPEN_UNLOCKED, path=path, kind=kind)
