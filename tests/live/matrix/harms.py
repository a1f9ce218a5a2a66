"""How each harm that a refusal names is found, after libvirt was asked all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from snaptui.plan.facts import Facts
from snaptui.plan.plan import DomainIntent
from snaptui.plan.refusal import Harm
from tests.live.matrix.guest import Guest


@dataclass(frozen=True)
class Done:
    """What libvirt was asked and what the facts were before and are after it."""

    guest: Guest
    intent: DomainIntent
    before: Facts
    after: Facts


CHECKS: dict[str, Callable[[Done], bool]] = {}


def _finds(harm: Harm) -> Callable[[Callable[[Done], bool]], Callable[[Done], bool]]:
    def keep(check: Callable[[Done], bool]) -> Callable[[Done], bool]:
        CHECKS[harm] = check
        return check

    return keep
