"""One cell of the table: an operation, a moment of it, a fault, and what is left then."""

from __future__ import annotations

import enum
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import libvirt

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.discovery.domain_facts import read_facts
from snaptui.discovery.readings import signature
from snaptui.model.operation_record import Record, parse
from snaptui.operations.step_calls import perform
from snaptui.plan.facts import Facts
from snaptui.plan.planner import make_plan
from tests.lab import MIB, Lab
from tests.live.faults.acts import ACTS, SPARE, Act, Obstacle
from tests.live.faults.driven import Driven, Told
from tests.live.faults.judge import (
    Claim,
    Verdict,
    agree,
    claim_of,
    claim_of_record,
    intact,
    told,
)
from tests.live.faults.neighbour import Neighbour, neighbour
from tests.live.faults.program import Hold, Order, days_later
from tests.live.faults.proxy import Proxy
from tests.live.faults.seen import (
    OF_SNAPSHOTS,
    OTHER,
    Aspect,
    Seen,
    What,
    look,
    look_at_images,
    without,
)
from tests.live.faults.shim import Shim
from tests.live.faults.strikes import Fault, Holding, Strike, makes_sense
from tests.live.matrix.guest import Guest

ROOM: Final = 128 * MIB
"""Of the file system that the images of a bench need for themselves."""


class Moment(enum.Enum):
    """When it goes wrong; the value is what the table calls it."""

    CHECK = "before the check"
    STEPS = "between two steps"
    CALL = "between check and call"
    DURING = "during the call"
    AFTER = "between call and read-back"


@dataclass(frozen=True)
class Cell:
    """What goes wrong, when, and in what."""

    act: Act
    moment: Moment
    fault: Fault

    @property
    def words(self) -> str:
        return f"{self.act.words} | {self.moment.value} | {self.fault.value}"


def cells() -> tuple[Cell, ...]:
    """All cells of the table."""
    return tuple(
        Cell(act, moment, fault)
        for act in ACTS
        for moment in Moment
        if moment is not Moment.STEPS or act.steps > 1
        if moment is not Moment.DURING or act.obstacle is not Obstacle.NONE
        for fault in Fault
        if makes_sense(fault, act, running=act.running)
    )


class Bench:
    """A lab in which everything may go wrong; its images have a file system to themselves."""

    def __init__(self, lab: Lab, shim: Shim) -> None:
        self.lab = lab
        self._shim = shim
        self._directory = lab.directory / "programs"
        self._directory.mkdir()
        self._number = 0
        self._references: dict[Act, tuple[Seen, ...]] = {}
        self.connection = libvirt.open(lab.uri)
        self._others = ExitStack()

    def close(self) -> None:
        """Let go of the connection, and of the other host."""
        self.connection.close()
        self._others.close()

    @cached_property
    def _neighbour(self) -> Neighbour:
        return self._others.enter_context(neighbour(self.lab.root))

    def run(self, cell: Cell) -> Verdict:
        """Build, strike and judge."""
        references = self._of(cell.act)
        with ExitStack() as stack:
            guest = stack.enter_context(self._guest(cell.act))
            proxy, uri = stack.enter_context(self._link(guest))
            return self._struck(cell, guest, proxy, uri, references)

    def _of(self, act: Act) -> tuple[Seen, ...]:
        """What there is before an act, and after each of its steps, when nothing goes wrong."""
        if act not in self._references:
            backend = LibvirtBackend(self.lab.uri)
            host = backend.connect()
            with self._guest(act) as guest:
                intent = act.intent(guest, self.lab.uri)
                seen = [self._look(act, guest)]
                facts = read_facts(backend, host, intent)
                if isinstance(facts, Facts):
                    facts = replace(facts, author=signature())  # as the program signs
                plan = make_plan(intent, days_later(facts))
                assert plan.possible, plan.refusals
                assert len(plan.steps) == act.steps, plan.steps
                for step in plan.steps:
                    perform(backend, intent.key, step, lambda _: None)
                    seen.append(self._look(act, guest))
            backend.abandon()
            self._references[act] = tuple(seen)
        return self._references[act]

    def _look(self, act: Act, guest: Guest) -> Seen:
        return look_at_images(guest) if act.image else look(guest)

    @contextmanager
    def _guest(self, act: Act) -> Iterator[Guest]:
        self._number += 1
        guest = Guest(self.lab, self.connection, f"g{self._number}")
        try:
            act.build(guest)
            yield guest
        finally:
            self._shim.release()
            self._clean(guest)

    def _clean(self, guest: Guest) -> None:
        self.lab.daemon.resume()
        if self.lab.daemon.pid is None:
            self.lab.daemon.restart()
        try:
            self.connection.getLibVersion()
        except libvirt.libvirtError:
            self._reconnect(guest)
        if "_neighbour" in vars(self):
            self._neighbour.clean()
        guest.domain = None
        for name in (guest.name, f"{guest.name}-other"):
            with suppress(libvirt.libvirtError):
                guest.domain = self.connection.lookupByName(name)
        guest.destroy()

    def _reconnect(self, guest: Guest) -> None:
        self.connection = guest.connection = libvirt.open(self.lab.uri)
        with suppress(libvirt.libvirtError):
            guest.domain = self.connection.lookupByName(guest.name)

    @contextmanager
    def _link(self, guest: Guest) -> Iterator[tuple[Proxy, str]]:
        """The daemon behind a socket that can be cut, and the URI of that."""
        path = self._directory / f"{guest.name}.sock"
        proxy = Proxy(path, self.lab.directory / "d" / "run" / "libvirt-sock")
        try:
            yield proxy, f"qemu+unix:///system?socket={path}"
        finally:
            proxy.close()
            path.unlink()

    def _struck(
        self, cell: Cell, guest: Guest, proxy: Proxy, uri: str, references: tuple[Seen, ...]
    ) -> Verdict:
        place, number = self._directory, cell.fault.of_program
        intent = cell.act.intent(guest, uri)
        order = Order(
            uri=uri,
            domain=guest.key._replace(host=uri),
            control=str(place / f"{guest.name}.control"),
            state=str(place / guest.name),
            intent=intent,
            hold=_HOLDS[cell.moment],
            step=0 if cell.moment is Moment.CHECK else cell.act.steps - 1,
        )
        with ExitStack() as stack:
            driven = stack.enter_context(Driven(order))
            refused = driven.wait("plan")["refusals"]
            assert not refused, refused
            driven.wait("held")
            hold = self._obstacle(cell, guest, driven)
            stack.callback(hold.release)
            strike = Strike(
                cell.fault, cell.act, guest, driven, proxy, hold, self._reconnect,
                lambda: self._neighbour,
            )  # fmt: skip
            stack.callback(strike.end)
            survived = disagree = ""
            if number is None:
                strike.strike()
                if cell.moment is Moment.CALL and cell.fault.breaks_the_link:
                    driven.judges()
                if cell.moment is not Moment.DURING:
                    driven.go()
                hold.release()
                claim = claim_of(driven.wait("over", 60))
                disagree = agree(claim, _kept(order))
                strike.end()
            else:
                if not driven.end(number):
                    survived = "the terminal is not as it was"
                kept = _path(order)
                if cell.fault is Fault.POWER:
                    self._power_cut(guest, hold)
                driven = stack.enter_context(Driven(replace(order, intent=None, hold=None)))
                driven.says("connected", "no answer")
                hold.release()
                claim = self._recorded(driven, kept)
            seen = look_at_images(guest) if cell.act.image else look(guest)
            verdict = _judged(cell, claim, seen, references)
            recovered = "" if cell.act.image else self._recovered(driven, guest)
            said = "; ".join(one for one in (verdict.told, disagree) if one)
            return replace(verdict, told=said, survived=survived, recovered=recovered)

    def _power_cut(self, guest: Guest, hold: Holding) -> None:
        """Let all that works on the host end where it is; then it starts again."""
        self.lab.power_cut()
        hold.release()
        self.lab.daemon.restart()
        self._reconnect(guest)

    def _recorded(self, driven: Driven, path: Path) -> Claim:
        """What the next start finds of an operation that was cut short."""

        def ended() -> bool:
            return bool(_record(path).found) or _record(path).outcome is not None

        driven.until(ended, "what was found")
        if _record(path).found:
            driven.says("cut short")
        return claim_of_record(_record(path))

    def _recovered(self, driven: Driven, guest: Guest) -> str:
        """What the screen does not have as it is, however long one waits; empty when all is."""
        try:
            domain = self.connection.lookupByUUIDString(guest.key.uuid)
            names = sorted(one.getName() for one in domain.listAllSnapshots())
            wanted: Told = {"domain": [domain.name(), guest.state], "snapshots": names, "error": ""}
        except libvirt.libvirtError:
            wanted = {"domain": None}
        wanted |= {"link": "connected", "unfinished": 0}
        state: Told = {}

        def there() -> bool:
            state.update(driven.state())
            return wanted.items() <= state.items()

        try:
            driven.until(there, "the state as it is", 20)
        except AssertionError:
            return f"it shows {state}, there is {wanted}"
        return ""

    def _obstacle(self, cell: Cell, guest: Guest, driven: Driven) -> Holding:
        """Keep the host at the call, and wait until it is there."""
        kind = cell.act.obstacle if cell.moment is Moment.DURING else Obstacle.NONE
        if kind is Obstacle.NONE:
            return Holding()
        if kind in (Obstacle.FIRST, Obstacle.SECOND):
            self._shim.let(0 if kind is Obstacle.FIRST else 1, guest.directory)
            driven.go()
            driven.until(lambda: self._shim.holds, "qemu-img")
            return Holding(self._shim.release)
        if kind is Obstacle.GUEST:
            pid = self.lab.qemu(guest.name)
            os.kill(pid, signal.SIGSTOP)
            driven.go()
            domain = guest.domain
            driven.until(lambda: domain.controlInfo(0)[0] != 0, "a job that waits")
        else:
            driven.go()
            pid = self.lab.merge_held(guest.name)
        return Holding(partial(_resume, pid), of_qemu=True)


def _changed_of(name: str, *aspects: Aspect) -> Callable[[What, str], bool]:
    """What is of a name, or names it, and what else such a change takes along."""

    def is_own(what: What, word: str) -> bool:
        named = name and (name in what.of or name in what.part or word == name)
        return bool(named) or what.aspect in aspects

    return is_own


_OWN = {
    Fault.CHANGED: _changed_of(OTHER, Aspect.PARENT, Aspect.CURRENT, Aspect.DISK_IS, Aspect.FROZEN),
    Fault.DELETED: _changed_of(SPARE, Aspect.PARENT, Aspect.CURRENT),
    Fault.UNDEFINED: _changed_of("", Aspect.PERSISTENT, Aspect.CURRENT, *OF_SNAPSHOTS),
    Fault.DESTROYED: _changed_of("", Aspect.STATE),
    Fault.POWER: _changed_of("", Aspect.STATE),
    Fault.MIGRATED: _changed_of("", Aspect.STATE),
    Fault.RENAMED: _changed_of(OTHER),
}
"""What a fault itself changes; the images that another admin's snapshot froze stay for it."""


def _judged(cell: Cell, claim: Claim, seen: Seen, references: tuple[Seen, ...]) -> Verdict:
    own = _OWN.get(cell.fault)
    if own is not None:
        held = {word for what, word in seen.items() if what[:2] == (Aspect.FROZEN, OTHER)}

        def out(what: What, word: str) -> bool:
            kept = what.of in held and what.aspect is Aspect.FILE and what in seen
            return kept or own(what, word)

        seen, references = without(seen, out), tuple(without(one, out) for one in references)
    return Verdict(
        told=told(claim, seen, references, changed=own is not None),
        intact=intact(seen, references, cell.act.spoils),
    )


def _path(order: Order) -> Path:
    """The journal of a program."""
    (kept,) = (Path(order.state) / "snaptui" / "journal").glob("journal-*")
    return kept


def _kept(order: Order) -> Record:
    """What the journal of a program that goes on says of its operation."""
    return _record(_path(order))


def _record(path: Path) -> Record:
    (found,), damaged = parse(path.read_bytes())
    assert not damaged
    return found


def _resume(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


_HOLDS = {
    Moment.CHECK: Hold.CHECK,
    Moment.STEPS: Hold.CHECK,
    Moment.CALL: Hold.CALL,
    Moment.DURING: Hold.CALL,
    Moment.AFTER: Hold.READ_BACK,
}
