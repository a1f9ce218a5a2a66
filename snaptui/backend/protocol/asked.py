"""What whoever asks a host anything may need to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, Self, TypeVar

from snaptui.common.ahead import Tell, nobody
from snaptui.model.domain import Key
from snaptui.model.host import Host

T = TypeVar("T")


class Asked(Protocol):
    """A host that can be asked."""

    @property
    def uri(self) -> str:
        """The URI that the user named; the ``host`` of all keys."""

    @property
    def host(self) -> Host | None:
        """The host as it presented itself when it was last connected to."""

    def reading(self, of: Key, tell: Tell = nobody) -> Self:
        """The same host for one reading: what it tells of this is asked for once.

        So are the files that others name, and the heads of images. What :meth:`begin` is given
        is asked at the same time where the host is far, and then ``tell`` is told how far it is.
        """

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begin a reading call; what is returned waits for its answer, or raises its error."""

    def together(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """The answers of reading calls that are made at the same time, in order."""
