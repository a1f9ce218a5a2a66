"""The same guest, or the same image, on another host."""

from __future__ import annotations

from dataclasses import dataclass

from snaptui.model.domain import DomainState
from snaptui.model.image import NotKnown


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A domain of the same UUID: left by a migration, under way in one, or defined twice.

    Attributes:
        host: as people call it.
        state: its state there, or why that is not known.
    """

    host: str
    state: DomainState | NotKnown

    @property
    def active(self) -> bool:
        """Whether it is known to be active there."""
        return isinstance(self.state, DomainState) and self.state.active


@dataclass(frozen=True, slots=True)
class ImageElsewhere:
    """An image that a running domain of another UUID on another host uses under the same path.

    Attributes:
        host, domain: as people call them.
        sure: it is known to be the same file; else the paths alone are the same.
    """

    host: str
    domain: str
    path: str
    sure: bool
