"""What fills the file systems of all hosts, read of each by itself: a slow one holds up nobody."""

from __future__ import annotations

import asyncio
import functools
import operator
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.ahead import Tell, nobody
from snaptui.common.errors import SnaptuiError
from snaptui.common.worker import Priority
from snaptui.discovery.readings import signature
from snaptui.model.domain import DomainKey
from snaptui.model.image import FileSystem, ImageKey, NotKnown
from snaptui.monitor.reclaimable import Surveying
from snaptui.monitor.usage import Counting
from snaptui.operations.operation import on_host
from snaptui.storage.disk_cost import Counted
from snaptui.storage.keep_rules import Use
from snaptui.storage.marked import chosen, digests, promised, still_there
from snaptui.storage.reclaimable import NOWHERE, Mark, PlaceOnHost, Survey, Surveyed
from snaptui.storage.remembered import Remembered
from snaptui.storage.snapshot_list import ListedSnapshot, listed
from snaptui.storage.totals import Total
from snaptui.ui import status_lines

if TYPE_CHECKING:
    from snaptui.fleet import Fleet
    from snaptui.plan.plan import Intent
    from snaptui.plan.planner import AnyFacts
    from snaptui.session import Session


class _Survey:
    """One host's."""

    def __init__(self, session: Session, on_change: Callable[[], None]) -> None:
        self.session = session
        self._on_change = on_change
        self.counting = Counting(
            session.backend,
            session.worker,
            kept=session.counting.kept,
            on_change=self._counted,
        )
        self.surveying = Surveying(
            session.backend, session.worker, self.counting, on_change=self._changed
        )
        self._weighed: tuple[Survey | None, Counted | None] = None, None
        self._rows = Remembered[Surveyed, tuple[ListedSnapshot, ...]](self._listed)
        self._called, self._me = "", signature()

    @property
    def far(self) -> bool:
        """Whether it is another machine."""
        host = self.session.host.state.host
        return host is not None and not host.local

    def _counted(self) -> None:
        self.surveying.counted()
        self._changed()

    def _changed(self) -> None:
        """Also the list of domains shows what was read, once it is all."""
        now = self.surveying.survey, self.counting.state.counted
        whole = not self.surveying.doing and not self.counting.under_way
        if whole and any(map(operator.is_not, now, self._weighed)):
            self._weighed = now
            of = {
                one.domain.key: (one.things, one.layers)
                for one in self.surveying.survey.domains
                if not one.unread
            }
            self.session.figures.weigh(of, self.counting.state.counted)
        self._on_change()

    def rows(self, called: str) -> Iterator[ListedSnapshot]:
        """Its snapshots, as far as they have been read; ``called``: as people call the host."""
        if called != self._called:
            self._called = called
            self._rows = Remembered(self._listed)
        domains = {one.domain.key: one for one in self.surveying.survey.domains}
        return chain.from_iterable(self._rows.of(domains, self.counting.state.counted))

    def _listed(self, one: Surveyed, counted: Counted) -> tuple[ListedSnapshot, ...]:
        return tuple(listed(self._called, one, counted, self._me))

    def of(self, marks: Collection[Mark]) -> frozenset[tuple[str, str]]:
        """What is marked on it."""
        return frozenset((one[1], one[2]) for one in marks if one[0] == self.session.uri)

    def parts(self, marks: Collection[Mark]) -> Iterator[tuple[str, Intent]]:
        """What is to be deleted, each with its name; leftovers first, which need no room."""
        from snaptui.plan.image.orphan import aside_name
        from snaptui.plan.plan import DeleteManyIntent, RemoveLeftover

        survey, mine = self.surveying.survey, self.of(marks)
        files, domains = chosen(survey, mine)
        read = digests(survey, mine)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        for path in files:
            key = ImageKey(self.session.uri, path)
            yield path, RemoveLeftover(key, aside_name(path, stamp))
        for domain, names, extra in domains:
            uuid = domain.key.uuid
            seen = tuple((name, read[uuid, name]) for name in names if (uuid, name) in read)
            yield domain.name, DeleteManyIntent(domain.key, names, extra, listed=seen)

    def why_not(self, marks: Collection[Mark]) -> str:
        """Why nothing of it can be deleted now; empty when it can."""
        mine = self.of(marks)
        if not mine:
            return ""
        keys = [domain.key for domain, _, _ in chosen(self.surveying.survey, mine)[1]]
        return status_lines.no_change(self.session, *keys)

    async def ask_uses(
        self,
        keys: Collection[DomainKey],
        unfinished: Collection[tuple[str, str]],
        tell: Callable[[DomainKey, Use], None],
    ) -> None:
        """Find out what is at work with those of the domains that are on it.

        Args:
            unfinished: label of the host, and UUID of the domain, of each operation of other
                processes of which it is not known how it ended.
        """
        session, host = self.session, self.session.host.state.host
        for key in keys:
            if key.host != session.uri:
                continue
            if session.operations.running(key) is not None:
                tell(key, Use.BUSY)
            elif host is None or (host.label, key.uuid) in unfinished:
                tell(key, Use.UNKNOWN if host is None else Use.UNFINISHED)
            else:
                tell(key, await self._use(key))

    async def _use(self, key: DomainKey) -> Use:
        backend = self.session.backend
        try:
            status = await self.session.worker.reads.call(
                lambda: backend.reading(key).status(key), key=key, priority=Priority.VISIBLE
            )
        except SnaptuiError:
            return Use.UNKNOWN
        return Use.of(status)

    def given(self, mine: Collection[tuple[str, str]]) -> Mapping[str, Total] | NotKnown:
        """What deleting gives back, by file system."""
        return promised(self.surveying.survey, self.counting.state.counted, mine)

    def promises(self, marks: Collection[Mark], host: str) -> Iterator[tuple[bool, str]]:
        """What deleting gives back, on which file system, and whether it takes it instead."""
        given = self.given(self.of(marks))
        if isinstance(given, NotKnown):
            yield False, on_host(f"? ({given.reason})", host)
            return
        places = {place.name: place for place in self.surveying.places}
        for on, total in given.items():
            where = f" on {on}" if on != NOWHERE else " on what is not known"
            space = places[on].space if on in places else None
            if isinstance(space, FileSystem) and space.device:
                where = f" inside the image on {on}, nothing to the host"
            takes = total.whole and total.known < 0
            size = text.size(-total.known) if takes else total.words
            yield takes, on_host(f"{size}{where}", host)


class Surveys:
    """All hosts'.

    Args:
        on_change: called on the loop after each change.

    Attributes:
        changes: grows with each change.
    """

    def __init__(self, fleet: Fleet, on_change: Callable[[], None]) -> None:
        self._fleet = fleet
        self._on_change = on_change
        self.changes = 0
        self._surveys = [_Survey(session, self._changed) for session in fleet]

    def _changed(self) -> None:
        self.changes += 1
        self._on_change()

    def start(self, *, again: bool = False) -> None:
        """Read all hosts that are there.

        Args:
            again: count all images anew, not only those whose snapshots changed.
        """
        for one in self._surveys:
            state = one.session.host.state
            if state.host is not None and not one.session.away:
                one.surveying.start(state.host, state.domains.values(), again=again)

    def stop(self) -> None:
        """Stop reading."""
        for one in self._surveys:
            one.surveying.stop()

    @property
    def weighed(self) -> str:
        """What a count of the images of other hosts reads, in words; empty where it is not known.

        A host that is still asked, or gone, is not in it: it is counted when asked for again.
        """
        ready = [one for one in self._surveys if one.surveying.weighed is not None]
        if not (number := sum(one.surveying.weighs for one in ready)):
            return ""
        total = Total()
        for one in ready:
            total = total.with_all(one.surveying.weighed or Total())
        hosts = text.some([self._fleet.names[one.session.uri] for one in ready])
        images = f"{text.count(number, 'image')} on {hosts}"
        return f"Counting {images} reads {total.words} over the link"

    def count(self) -> bool:
        """Begin the counts that were weighed; whether there are any."""
        ready = [one for one in self._surveys if one.surveying.weighed is not None]
        for one in ready:
            one.surveying.count()
        return any(one.surveying.weighs for one in ready)

    def stop_counting(self) -> bool:
        """End the counts of other hosts; what was counted stays; whether there were any."""
        under_way = [one for one in self._surveys if one.far and one.counting.under_way]
        for one in under_way:
            one.counting.stop()
        return bool(under_way)

    @property
    def places(self) -> tuple[PlaceOnHost, ...]:
        """The file systems of all, the fullest first; what is not known comes last."""
        names = self._names
        found = [
            PlaceOnHost(one.session.uri, names[one.session.uri], place)
            for one in self._surveys
            for place in one.surveying.places
        ]
        return tuple(sorted(found, key=lambda one: -(one.place.full or -1.0)))

    def snapshots(self) -> list[ListedSnapshot]:
        """Those of all domains that have been read, in no order."""
        names = self._names
        return [row for one in self._surveys for row in one.rows(names[one.session.uri])]

    @property
    def _names(self) -> Mapping[str, str]:
        """By URI, each host as people call it; empty where there is only one."""
        names, several = self._fleet.names, len(self._fleet) > 1
        return {uri: name if several else "" for uri, name in names.items()}

    @property
    def domains(self) -> int:
        """How many domains have been read."""
        return sum(len(one.surveying.survey.domains) for one in self._surveys)

    @property
    def doing(self) -> str:
        """What is being read, in words; empty when all is."""
        reading = [one for one in self._surveys if one.surveying.doing]
        if not reading:
            return ""
        first = reading[0]
        doing = on_host(first.surveying.doing, self._fleet.called(first.session.uri))
        others = len(reading) - 1
        return f"{doing}, and {text.count(others, 'other host')}" if others else doing

    @property
    def counting(self) -> str:
        """Which image is being counted, in words; empty when none is."""
        states = [one.counting.state for one in self._surveys]
        return next((f"counting {s.path} {s.share * 100:.0f} %" for s in states if s.path), "")

    @property
    def counts_far(self) -> bool:
        """Whether images of other hosts are being counted."""
        return any(one.far and one.counting.under_way for one in self._surveys)

    @property
    def missing(self) -> str:
        """Hosts that cannot be read now, or not any more, in words; empty when all can."""
        away = [
            f"{self._fleet.called(one.session.uri) or 'the host'} ({why})"
            for one in self._surveys
            if (why := one.session.away or one.surveying.failed)
        ]
        return text.some(away) if away else ""

    @property
    def reasons(self) -> list[str]:
        """Why it is not known what is where, of each host that was read."""
        spaces = (space for one in self._surveys for space in one.surveying.survey.spaces.values())
        return [space.reason for space in spaces if isinstance(space, NotKnown)]

    def still_there(self, marks: Collection[Mark]) -> frozenset[Mark]:
        """Those marks whose items are there; of a host that is being read, all."""
        kept: set[Mark] = set()
        for one in self._surveys:
            mine = one.of(marks)
            if not one.surveying.doing:
                mine = still_there(one.surveying.survey, mine)
            kept.update((one.session.uri, *key) for key in mine)
        return frozenset(kept)

    def parts(self, marks: Collection[Mark]) -> list[tuple[str, Intent]]:
        """What is to be deleted, each with its name."""
        return [
            (on_host(name, self._fleet.called(intent.key.host)), intent)
            for one in self._surveys
            for name, intent in one.parts(marks)
        ]

    def why_not(self, marks: Collection[Mark]) -> str:
        """Why nothing can be deleted now; empty when it can."""
        if self._surveys and all(one.session.read_only for one in self._surveys):
            return status_lines.READ_ONLY
        for one in self._surveys:
            if why := one.why_not(marks):
                called = self._fleet.called(one.session.uri)
                return f"{called}: {why}" if called else why
        return ""

    def total(self, marks: Collection[Mark]) -> Total:
        """What deleting gives back on all file systems of all hosts."""
        found, of_hosts = Total(), defaultdict[str, set[tuple[str, str]]](set)
        for uri, uuid, name in marks:
            of_hosts[uri].add((uuid, name))
        for one in self._surveys:
            given = one.given(of_hosts[one.session.uri])
            if isinstance(given, NotKnown):
                found = found.plus(given)
            else:
                found = functools.reduce(Total.with_all, given.values(), found)
        return found

    def promise(self, marks: Collection[Mark]) -> str:
        """What deleting gives back, in words."""
        told = [
            one
            for survey in self._surveys
            for one in survey.promises(marks, self._fleet.called(survey.session.uri))
        ]
        frees = ", ".join(words for takes, words in told if not takes) or "nothing"
        takes = ", ".join(words for takes, words in told if takes)
        return f"{frees}, and takes {takes}" if takes else frees

    async def ask_uses(
        self, keys: Collection[DomainKey], tell: Callable[[DomainKey, Use], None]
    ) -> None:
        """Find out what is at work with domains, and tell it one by one.

        Each host is asked by itself: a slow one holds up nobody.
        """
        unfinished = await self._fleet.operations.records.unfinished_before()
        await asyncio.gather(*(one.ask_uses(keys, unfinished, tell) for one in self._surveys))

    async def read_facts(self, intent: Intent, tell: Tell = nobody) -> AnyFacts:
        """With what was counted here: the main screen counts the selected domain alone."""
        facts = await self._fleet.read_facts(intent, tell)
        counted = next(
            one.counting.state.counted
            for one in self._surveys
            if one.session.uri == intent.key.host
        )
        return replace(facts, counted=counted)
