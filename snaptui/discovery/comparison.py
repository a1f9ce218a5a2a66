"""Reads what two times of a domain are compared by, without their images; blocks."""

from __future__ import annotations

from snaptui.backend.protocol.backend import Looks
from snaptui.common.errors import Disconnected, NotFound, SnaptuiError
from snaptui.discovery.domain_survey import survey
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import Domain
from snaptui.model.host import Host
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Snapshot
from snaptui.storage.comparison import Comparison, compared, in_time


def read_comparison(
    backend: Looks, host: Host, domain: Domain, one: str, other: str | None
) -> Comparison:
    """A domain at the time of a snapshot, and at that of another one.

    Args:
        other: ``None`` for the domain as it is now. Of two snapshots the older one is the first.

    Raises:
        SnaptuiError: the domain or a snapshot cannot be read.
    """
    found = survey(backend, host, domain)
    known = {snapshot.name: snapshot for snapshot in found.snapshots}
    for name in filter(None, (one, other)):
        if name not in known:
            raise NotFound(found.unread.get(name) or f"{name} is not there any more.")
    first, second = known[one], known[other] if other is not None else None
    if second is not None:
        first, second = in_time(first, second)
    return compared(found, first, second, _changes(backend, domain, first, second))


def _changes(
    backend: Looks, domain: Domain, one: Snapshot, other: Snapshot | None
) -> tuple[ConfigChange, ...] | NotKnown:
    later = other.name if other is not None else None
    try:
        return backend.config_changes(domain.key, one.name, later)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)
