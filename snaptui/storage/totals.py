"""Sums over lists of which parts may not be known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.image import NotKnown


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in bytes, as far as it is known.

    Attributes:
        known: of those parts that are.
        parts: how many there are.
        missing: how many of them are not known.
        reason: why the first of these is not.
        least: these can only add to it, so that ``known`` is a lower bound.
    """

    known: int = 0
    parts: int = 0
    missing: int = 0
    reason: str = ""
    least: bool = True

    @property
    def whole(self) -> bool:
        """Whether all is known."""
        return not self.missing

    @property
    def bound(self) -> int | None:
        """The sum, or what it is at least; ``None`` where nothing of it is known."""
        known = self.whole or (self.least and self.missing < self.parts)
        return self.known if known else None

    @property
    def sum(self) -> str:
        """The same for people, shortly: what is known, and how many parts are not."""
        if self.whole or self.bound is None:
            return self.short
        return f"{text.short_size(self.known)} + {self.missing} ?"

    @property
    def words(self) -> str:
        """The same for people: never as if it were whole where it is not."""
        if self.whole:
            return text.size(self.known)
        if self.bound is None:
            return f"? ({self.reason})"
        return f"at least {text.size(self.known)} ({self.missing} of {self.parts} not known)"

    @property
    def short(self) -> str:
        """The same in eleven cells at most."""
        return self._told(text.short_size)

    @property
    def tiny(self) -> str:
        """The same as :attr:`short` with the shortest units."""
        return self._told(text.tiny_size)

    def _told(self, size: Callable[[int], str]) -> str:
        if self.bound is None:
            return "?"
        return f"{'' if self.whole else '>= '}{size(self.bound)}"

    def plus(self, part: int | NotKnown, *, of: int = 1, least: bool = True) -> Total:
        """With one part more.

        Args:
            of: so many parts of the list, if it stands for several.
            least: if it is not known, it can at least not be less than nothing.
        """
        if isinstance(part, NotKnown):
            return Total(
                self.known,
                self.parts + of,
                self.missing + of,
                self.reason or part.reason,
                self.least and least,
            )
        return Total(self.known + part, self.parts + of, self.missing, self.reason, self.least)

    def with_all(self, other: Total) -> Total:
        """With all parts of another one."""
        return Total(
            self.known + other.known,
            self.parts + other.parts,
            self.missing + other.missing,
            self.reason or other.reason,
            self.least and other.least,
        )


def total(parts: Iterable[int | NotKnown]) -> Total:
    """The sum of a list."""
    found = Total()
    for part in parts:
        found = found.plus(part)
    return found


def of_one(parts: Iterable[tuple[str, int | NotKnown]]) -> int | NotKnown:
    """The sum over the disks of one domain, by target: of which one is not known, it is not."""
    found = 0
    for target, part in parts:
        if isinstance(part, NotKnown):
            return NotKnown(f"{target}: {part.reason}")
        found += part
    return found
