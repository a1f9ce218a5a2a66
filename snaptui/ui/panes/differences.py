"""How a domain differs from what it was, as far as its configuration has been read."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.model.domain import DomainConfig


def differences(then: DomainConfig, now: DomainConfig) -> tuple[str, ...]:
    """Memory, disks and host devices that are others now, in words; the XML may differ in more."""
    return tuple(_differences(then, now))


def _differences(then: DomainConfig, now: DomainConfig) -> Iterator[str]:
    if then.memory != now.memory:
        yield f"memory {text.tiny_size(now.memory)} (was {text.tiny_size(then.memory)})"
    before, after = ({disk.target for disk in one.disks} for one in (then, now))
    if new := sorted(after - before):
        yield f"new: {text.some(new)}"
    if gone := sorted(before - after):
        yield f"gone: {text.some(gone)}"
    if sorted(then.passthrough) != sorted(now.passthrough):
        yield "other host devices"
