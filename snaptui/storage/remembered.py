"""What was made of many things, made anew only of those of which something has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Generic, NoReturn, TypeVar

S = TypeVar("S")
T = TypeVar("T")

_ABSENT = object()


class Remembered(Generic[S, T]):
    """Makes something of each of many things, and of facts that are known by path.

    What was made stays as long as the thing is the same object and every fact that was asked for
    is the same; whether it was there at all is one, too.

    Args:
        make: makes it; asks for single facts alone.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._known: dict[Hashable, tuple[S, tuple[_Noting, ...], T]] = {}

    def of(self, things: Mapping[Any, S], *facts: Mapping[str, Any]) -> list[T]:
        """What is made of all of these, in their order; any others are forgotten."""
        before, known = self._known, {}
        for key, thing in things.items():
            last = before.get(key)
            if last is None or last[0] is not thing or not all(map(_Noting.hold, last[1], facts)):
                noting = tuple(map(_Noting, facts))
                last = thing, noting, self._make(thing, *noting)
                for one in noting:
                    one.close()
            known[key] = last
        self._known = known
        return [made for _, _, made in known.values()]


class _Noting(Mapping[str, Any]):
    """Facts, of which it is noted which ones were asked for, and what they were."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts: Mapping[str, Any] | None = facts
        self._asked: dict[str, Any] = {}

    def __getitem__(self, path: str) -> Any:
        found = self._asked[path] = (self._facts or {}).get(path, _ABSENT)
        if found is _ABSENT:
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        self._refuse()

    def __len__(self) -> int:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("what is made of a thing does not rest on all facts")

    def close(self) -> None:
        """Let the facts go: there are more of them than were asked for."""
        self._facts = None

    def hold(self, facts: Mapping[str, Any]) -> bool:
        """Whether all that was asked for is the same among these."""
        return [facts.get(path, _ABSENT) for path in self._asked] == list(self._asked.values())
