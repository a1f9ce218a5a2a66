"""Guests of other hosts that may run on the same images.

QEMU's lock on an image keeps them apart, where locks reach other hosts. Elsewhere nothing does:
a snapshot that is taken here while the guest runs there is written over by it, one that is taken
there removes those of here, and what is reverted here it does not see (measured with 9.0 and
11.3; ``qemu-img check`` finds nothing).
"""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.plan.facts import Facts
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.remark import Remark, Unchecked, remark


def doubts(facts: Facts | ImageFacts) -> Iterator[Remark]:
    """Images that are not written to here, of which nobody can tell whether they are there."""
    for path, kind in facts.unlocked.items():
        yield remark(Unchecked.OPEN_UNLOCKED, path=path, kind=kind)
