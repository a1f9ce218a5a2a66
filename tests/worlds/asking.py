"""A plan with everything that the program knows when it shows one: counted images too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from snaptui.backend.protocol.backend import Backend
from snaptui.common.errors import SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.image import ImageInfo, NotKnown
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Intent, Plan
from snaptui.plan.planner import AnyFacts, make_plan
from snaptui.storage.backing_chain import NO_LAYERS, Layers
from snaptui.storage.in_image import Images
from snaptui.storage.qcow2.usage import ImageUsage
from tests.live.matrix.cell import at_rest
from tests.worlds.machine import Machine


def planned(machine: Machine, intent: Intent) -> tuple[Plan, AnyFacts]:
    """The plan, and what it rests on."""
    facts: AnyFacts = read_facts(machine.backend, machine.host, intent)
    if isinstance(facts, Facts):
        facts = at_rest(facts)
        heads = {**facts.layers.heads, **facts.images}
        facts = replace(facts, counted=_counted(machine.backend, heads, facts.layers))
    else:
        facts = replace(facts, counted=_counted(machine.backend, {facts.path: facts.image}))
    return make_plan(intent, facts), facts


def _counted(
    backend: Backend, heads: Images, layers: Layers = NO_LAYERS
) -> MappingProxyType[str, ImageUsage | NotKnown]:
    return MappingProxyType(dict(_counts(backend, heads, layers)))


def _counts(
    backend: Backend, heads: Images, layers: Layers
) -> Iterable[tuple[str, ImageUsage | NotKnown]]:
    for path, head in heads.items():
        if not isinstance(head, ImageInfo) or head.format != "qcow2":
            continue
        try:
            usage = backend.count_image(path, lambda *_: None)
            if depth := len(layers.merged_beneath(path)):
                overlap = backend.overlap(path, lambda *_: None, depth)
                usage = replace(usage, overlap=overlap)
            yield path, usage
        except SnaptuiError as error:
            yield path, NotKnown(error.message)
