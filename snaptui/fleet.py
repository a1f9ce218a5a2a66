"""All hosts that are looked at, each a session of its own, and the operations on all of them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snaptui.common.ahead import Tell, nobody
from snaptui.common.errors import ConfigError, Disconnected, SnaptuiError
from snaptui.common.masking import label
from snaptui.common.state_files import state_directory
from snaptui.config import HostEntry
from snaptui.model.image import ImageKey, NotKnown
from snaptui.monitor.host import Link
from snaptui.monitor.openings import Openings
from snaptui.operations.operation import Operation
from snaptui.operations.reached import Reached
from snaptui.operations.runner import Operations
from snaptui.session import KnownHost, Listener, Session

if TYPE_CHECKING:
    from snaptui.backend.protocol.backend import Backend
    from snaptui.discovery.group_members import Members
    from snaptui.model.domain import DomainKey, Key
    from snaptui.plan.plan import Intent
    from snaptui.plan.planner import AnyFacts

MakeBackend = Callable[[HostEntry], "Backend"]
"""What reaches a host; it opens nothing yet."""


_SIGNS = re.compile(r"([/?&=@:]+)")
"""What stands between the parts of a URI."""


def told_apart(names: Mapping[str, str]) -> Mapping[str, str]:
    """By URI the names of hosts, of which no two are the same then.

    Those of one name get the part in which their URIs differ: ``kvm3/system``, ``kvm3/session``.
    """
    uris: dict[str, list[str]] = {}
    for uri, name in names.items():
        uris.setdefault(name, []).append(uri)
    found = dict(names)
    for name, alike in uris.items():
        if len(alike) > 1:
            parts = _differing([_SIGNS.split(label(uri)) for uri in alike])
            found |= {uri: f"{name}/{part}" for uri, part in zip(alike, parts, strict=True)}
    numbers = Counter(found.values())
    return {uri: name if numbers[name] == 1 else label(uri) for uri, name in found.items()}


def _differing(uris: Sequence[list[str]]) -> list[str]:
    """What is left of each without the parts with which all begin, and with which all end."""
    first, end = 0, 0
    least = min(map(len, uris))
    while first < least and len({uri[first] for uri in uris}) == 1:
        first += 1
    while end < least - first and len({uri[len(uri) - 1 - end] for uri in uris}) == 1:
        end += 1
    return ["".join(uri[first : len(uri) - end]).strip("/?&=@:") or "".join(uri) for uri in uris]


class Fleet:
    """One session for each host, in the order in which they are shown.

    Args:
        known: the hosts to begin with, at least one.
        make_backend: reaches a host that is added later.
        signs: snapshots that are taken name in their description who took them.

    Attributes:
        current: the host that the screen is about.
        operations: on all hosts, in one journal.
    """

    def __init__(
        self,
        known: Iterable[KnownHost],
        make_backend: MakeBackend,
        listener: Listener,
        *,
        signs: bool = False,
    ) -> None:
        self._make_backend = make_backend
        self._listener = listener
        self._openings = Openings()
        self._sessions: dict[str, Session] = {}
        self._running = self._further = False
        self.operations = Operations(
            self._reached,
            state=state_directory(),
            on_change=self._operation_changed,
            signs=signs,
        )
        for one in known:
            self._take(one)
        self.current = next(iter(self._sessions.values()))

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)

    def session(self, uri: str) -> Session:
        """The session of a host.

        Raises:
            Disconnected: it is not looked at any more.
        """
        if (session := self._sessions.get(uri)) is None:
            raise Disconnected("This host is not looked at any more.", hint="Add it again.")
        return session

    def look_at(self, uri: str) -> bool:
        """Make a host the current one; whether that is another one than before."""
        session = self._sessions.get(uri, self.current)
        if session is self.current:
            return False
        before, self.current = self.current, session
        before.deselect()
        session.enter()
        self._leave(before)
        return True

    def _leave(self, session: Session) -> None:
        """Only list a host that the screen is not about, unless something is under way on it."""
        if session is not self.current and not self._busy(session):
            session.leave()

    def _busy(self, session: Session) -> bool:
        unfinished = self.operations.unfinished
        return any(one.plan.intent.key.host == session.uri for one in unfinished)

    def show(self, uris: frozenset[str], keys: Sequence[DomainKey]) -> None:
        """Say which hosts and domains are on screen: they are connected to, and read, first."""
        self._openings.first = uris
        for session in self:
            session.host.show(key for key in keys if key.host == session.uri)

    def start(self) -> None:
        """Begin to watch all of them."""
        self._running = True
        for session in self:
            session.start()

    def look_further(self) -> None:
        """Begin with what the first screen does without."""
        self._further = True
        for session in self:
            session.look_further()

    def stop(self) -> None:
        """Stop watching; calls under way are left behind."""
        self.operations.close()
        for session in self:
            session.stop()

    def add(self, entry: HostEntry) -> Session:
        """Look at one more host, from now on.

        Raises:
            ConfigError: it is looked at already, or its URI is none.
        """
        backend = self._make_backend(entry)
        if backend.uri in self._sessions:
            raise ConfigError(f"{self.names[backend.uri]} is in the list already.")
        session = self._take(KnownHost(entry, backend))
        if self._running:
            session.start()
        if self._further:
            session.look_further()
        self._listener.host_changed()
        return session

    def drop(self, session: Session) -> None:
        """Look at a host no longer.

        Raises:
            ConfigError: it is the last one, or something is under way on it.
        """
        if len(self) == 1:
            raise ConfigError("It is the last host of the list.")
        if self._busy(session):
            raise ConfigError(f"Something is under way on {self.names[session.uri]}.")
        del self._sessions[session.uri]
        if session is self.current:
            self.current = next(iter(self))
            self.current.enter()
        session.stop()
        self._listener.host_changed()

    async def read_facts(self, intent: Intent, tell: Tell = nobody) -> AnyFacts:
        """Read the facts for a dialog; see the session."""
        return await self.session(intent.key.host).read_facts(intent, tell)

    def seen(self, key: Key) -> Mapping[str, object]:
        """What the lists say just now of a domain or image, as far as they are about it."""
        session = self._sessions.get(key.host)
        if session is None or session.away:
            return {}
        if isinstance(key, ImageKey):
            image = session.images.shown
            if image is None or image.key != key or isinstance(image.head, NotKnown):
                return {}
            return {"image": image.head.snapshots}
        found: dict[str, object] = {"domain": session.host.state.domains.get(key)}
        shown = session.snapshots.shown
        if shown is None or shown.key != key or (known := shown.snapshots) is None:
            return found
        found["snapshots"] = (known.names, known.current)
        found |= {f"snapshot {name}": one.digest for name, one in known.details.items()}
        return found if shown.config is None else {**found, "definition": shown.config.digest}

    async def find_group(self, group: str, tell: Callable[[int, int], None]) -> Members:
        """Find all snapshots of a group, on all hosts that are there.

        Args:
            tell: called with how many domains have been read, and how many there are.
        """
        from snaptui.discovery.group_members import joined, unreached

        read: dict[str, tuple[int, int]] = {}

        async def ask(session: Session) -> Members:
            def told(done: int, of: int) -> None:
                read[session.uri] = (done, of)
                tell(sum(one for one, _ in read.values()), sum(one for _, one in read.values()))

            try:
                return await session.find_group(group, told)
            except SnaptuiError as error:
                return unreached(self.names[session.uri], error.message)

        return joined(await asyncio.gather(*map(ask, self)))

    @property
    def names(self) -> Mapping[str, str]:
        """By URI, each host as people call it: no two hosts have the same name."""
        names = {}
        for session in self:
            host = session.host.state.host
            told = host.hostname if host is not None else ""
            names[session.uri] = session.entry.name or told or label(session.uri)
        return told_apart(names)

    @property
    def summary(self) -> Summary:
        """How many hosts there are, and how they are."""
        links = [session.host.state.link for session in self]
        return Summary(
            len(links),
            sum(link is Link.CONNECTING for link in links),
            sum(link not in (Link.CONNECTING, Link.CONNECTED) for link in links),
        )

    def called(self, uri: str) -> str:
        """A host as people call it; empty where there is only one."""
        return self.names[uri] if len(self) > 1 else ""

    def _take(self, known: KnownHost) -> Session:
        uri = known.backend.uri
        first = not self._sessions  # the others are only listed until the screen is about them
        turn = self._openings.turn(uri)
        session = Session(known, self.operations, self._listener, turn, entered=first)
        self._sessions[uri] = session
        return session

    def _reached(self, uri: str) -> Reached:
        from snaptui.discovery.elsewhere import OtherHost

        session = self.session(uri)
        names = self.names
        others = tuple(
            OtherHost(names[one.uri], one.backend, one.away, one.uuids, one.filling.paths)
            for one in self
            if one is not session
        )
        return Reached(session.backend, session.worker, self.called(uri), others)

    def _operation_changed(self, operation: Operation) -> None:
        session = self.session(operation.plan.intent.key.host)
        session.operation_changed(operation)
        if operation.phase.over:
            self._leave(session)
        self._listener.operation_changed(operation)


@dataclass(frozen=True, slots=True)
class Summary:
    """How the hosts are.

    Attributes:
        connecting: how many have not been reached yet.
        away: how many do not answer, refuse, or cannot be reached.
    """

    hosts: int
    connecting: int
    away: int
