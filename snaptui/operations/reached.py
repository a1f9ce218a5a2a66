"""What a host is reached with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from snaptui.backend.protocol.backend import Backend
from snaptui.common.worker import Worker

if TYPE_CHECKING:
    from snaptui.discovery.elsewhere import OtherHost


@dataclass(frozen=True, slots=True)
class Reached:
    """What a host is reached with.

    Attributes:
        name: as people call it; empty where there is only one.
        others: all others, which may have the same guest.
    """

    backend: Backend
    worker: Worker
    name: str = ""
    others: tuple[OtherHost, ...] = ()
