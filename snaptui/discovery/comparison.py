"""Reads what two times of a domain are compared by, without their images; blocks."""

from __future__ import annotations

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import Disconnected, NotFound, SnaptuiError
from snaptui.discovery.domain_survey import survey
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.image import NotKnown
from snaptui.storage.comparison import Comparison, Moment, compared, in_time
from snaptui.storage.in_image import Unmanaged


def read_comparison(
    backend: Looks, host: Host, domain: Domain, one: str, other: str | None
) -> Comparison:
    """A domain at the time of a snapshot, managed or not, and at that of another one.

    Args:
        other: ``None`` for the domain as it is now. Of two snapshots the older one is the first.

    Raises:
        SnaptuiError: the domain or a snapshot cannot be read.
    """
    found = survey(backend, host, domain)
    known = {thing.name: thing for thing in found.things}
    for name in filter(None, (one, other)):
        if name not in known:
            raise NotFound(found.unread.get(name) or f"{name} is not there any more.")
    first, second = known[one], known[other] if other is not None else None
    if second is not None:
        first, second = in_time(first, second)
    return compared(found, first, second, _changes(backend, domain, first, second))


def _changes(
    backend: Looks, domain: Domain, one: Moment, other: Moment | None
) -> tuple[ConfigChange, ...] | NotKnown:
    if isinstance(one, Unmanaged) or isinstance(other, Unmanaged):
        return NotKnown("an unmanaged snapshot holds no definition")
    later = other.name if other is not None else None
    try:
        return backend.config_changes(domain.key, one.name, later)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)
