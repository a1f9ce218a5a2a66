"""One cell of the table: what the plan says, what libvirt does, and whether that is the same."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace

import libvirt

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected, SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.host import Host
from snaptui.operations.step_calls import differences, expected_after, in_the_way, perform
from snaptui.plan.change import sentence
from snaptui.plan.delete.merge import DAY
from snaptui.plan.facts import Facts
from snaptui.plan.plan import DomainIntent, Plan, Step
from snaptui.plan.planner import make_plan
from snaptui.plan.refusal import Harm
from snaptui.plan.revert.to_backing_image import unusable
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot, RevertTo
from snaptui.plan.steps.metadata import Adopt, Redefine
from tests.lab import Lab
from tests.live.matrix.asks import Ask, asks
from tests.live.matrix.guest import Guest
from tests.live.matrix.harms import NEVER_SENT, Done, happened_so
from tests.live.matrix.undo import Undo, otherwise
from tests.live.matrix.worlds import World, worlds

WORKS = "works"


class Foretold(enum.Enum):
    """What a plan says beforehand."""

    NOTHING = enum.auto()
    WORKS = enum.auto()
    NOT_CHECKED = enum.auto()
    REFUSED = enum.auto()
    NOT_YET = enum.auto()


@dataclass(frozen=True)
class Cell:
    """One question to one world in one state of the guest."""

    world: World
    state: str
    ask: Ask


@dataclass(frozen=True)
class Answer:
    """What was foretold and what happened, in words for the table; whether that is the same.

    Attributes:
        why: what the plan said, or what was otherwise.
        sent: libvirt was asked.
    """

    foretold: Foretold
    predicted: str
    happened: str
    same: bool
    why: str
    sent: bool = True


@dataclass(frozen=True)
class Result:
    """What came of a cell."""

    world: str
    state: str
    ask: str
    answer: Answer

    @property
    def same(self) -> bool:
        return self.answer.same

    @property
    def refused(self) -> bool:
        return self.answer.foretold in (Foretold.REFUSED, Foretold.NOT_YET)

    @property
    def needless(self) -> bool:
        """Whether it is refused though libvirt does it and harms nothing."""
        return self.refused and self.answer.happened == WORKS


def cells() -> tuple[Cell, ...]:
    """All cells of the table."""
    return tuple(
        Cell(world, state, ask)
        for world in worlds()
        for state in world.states
        for ask in asks(world, state)
    )


class Bench:
    """A lab with both ways to its daemon: snaptui's, and libvirt's alone."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._connect()
        self._number = 0

    def _connect(self) -> None:
        self.backend = LibvirtBackend(self.lab.uri)
        self.host: Host = self.backend.connect()
        self.connection = libvirt.open(self.lab.uri)

    def run(self, cell: Cell) -> Result:
        """Build the world, ask, and judge."""
        self._number += 1
        guest = Guest(self.lab, self.connection, f"g{self._number}")
        try:
            cell.world.build(guest)
            if guest.edits:
                self.lab.daemon.kill()
                guest.edit()
                self._restart(guest)
            if guest.state != cell.state:
                guest.go(cell.state)
            intent = cell.ask.intent(guest, cell.world.target)
            facts = read_facts(self.backend, self.host, intent)
            plan = make_plan(intent, at_rest(facts))
            judge = self._works if plan.possible else self._refused
            answer = judge(guest, intent, plan, facts)
        except (SnaptuiError, libvirt.libvirtError) as error:
            answer = Answer(Foretold.NOTHING, "?", "could not be asked", False, repr(error))
        finally:
            self._clean(guest)
        return Result(cell.world.words, cell.state, cell.ask.words, answer)

    def undo(self, undo: Undo) -> list[str]:
        """What is otherwise than a revert promised of its undo."""
        self._number += 1
        guest = Guest(self.lab, self.connection, f"g{self._number}")
        try:
            return otherwise(self.backend, self.host, guest, undo)
        finally:
            guest.destroy()

    def close(self) -> None:
        """Let go of both connections."""
        self.backend.abandon()
        self.connection.close()

    def _clean(self, guest: Guest) -> None:
        try:
            self.connection.getLibVersion()
        except libvirt.libvirtError:
            self._restart(guest)
        guest.destroy()

    def _restart(self, guest: Guest) -> None:
        self.lab.daemon.kill()  # it may be dying still
        self.lab.daemon.restart()
        self.backend.abandon()
        self._connect()
        guest.connection = self.connection
        guest.domain = None
        with suppress(libvirt.libvirtError):
            guest.domain = self.connection.lookupByName(guest.name)

    # -- a plan that may be confirmed ------------------------------------------------------

    def _works(self, guest: Guest, intent: DomainIntent, plan: Plan, facts: Facts) -> Answer:
        otherwise = self._otherwise(guest, intent, plan, facts)
        happened, why = otherwise or (WORKS, "")
        if plan.unchecked:
            return Answer(Foretold.NOT_CHECKED, "not checked", happened, True, why)
        return Answer(Foretold.WORKS, WORKS, happened, otherwise is None, why)

    def _otherwise(
        self, guest: Guest, intent: DomainIntent, plan: Plan, facts: Facts
    ) -> tuple[str, str] | None:
        """What happens instead, in words, and why; ``None`` where it works."""
        expected = facts
        spoiled: set[str] = set()
        for step in plan.steps:
            before = read_facts(self.backend, self.host, intent)
            if changed := in_the_way(step, expected, before):
                return "is stopped", sentence(changed)
            try:
                perform(self.backend, guest.key, step, lambda _: None)
            except SnaptuiError as error:
                return f"error {code_of(error)}", error.message
            expected = read_facts(self.backend, self.host, intent)
            if off := differences(expected_after(step, before), expected):
                return "works otherwise", sentence(off)
            must_hold(guest, step)
            if isinstance(step, RevertTo):
                spoiled.update(one.name for one in unusable(before, step.snapshot))
        wrong = guest.otherwise(spoiled)
        return ("works wrongly", "; ".join(map(str, wrong))) if wrong else None

    # -- a plan that may not ---------------------------------------------------------------

    def _refused(self, guest: Guest, intent: DomainIntent, plan: Plan, facts: Facts) -> Answer:
        told, foretold = plan.refusals, Foretold.REFUSED
        codes = {one.code for one in told if one.code is not None}
        by_code = [one for one in told if one.code is not None] if codes else told
        harms = {one.harm for one in by_code if one.harm is not None}
        why = " / ".join(one.words for one in plan.refusals)
        ends = NEVER_SENT & {one.harm for one in told if one.harm is not None}
        if ends:
            return Answer(foretold, ", ".join(_words(ends)), "not sent", True, why, sent=False)
        saved = guest.saved_memory()
        worked, error = self._raw(guest, plan)
        if isinstance(error, Disconnected):
            self._restart(guest)
            predicted = self._predicted(codes, harms)
            return Answer(foretold, predicted, "the daemon went down", False, why)
        code = code_of(error) if error is not None else None
        after = read_facts(self.backend, self.host, intent)
        changed = differences(_after(worked, facts), after)
        if not codes and not harms:
            mine = all(one.why.not_yet for one in plan.refusals)
            foretold = Foretold.NOT_YET if mine else foretold
            predicted = "refused: not done yet" if mine else "refused"
            if error is not None:
                happened = f"error {code}" + ("" if not changed else ", and changes")
            else:
                wrong = self._wrong(guest, plan, facts, after)
                happened = WORKS if not wrong else f"works, but {'; '.join(wrong)}"
            said = f" -- {error.message}" if error is not None else ""
            return Answer(foretold, predicted, happened, mine, why + said)
        predicted = self._predicted(codes, harms)
        over = frozenset(
            path for path, said in guest.saved_memory().items() if saved.get(path, said) != said
        )
        done = Done(guest, intent, facts, after, over)
        found = {harm for harm in harms if happened_so(harm, done)}
        happened = ", ".join([*([f"error {code}"] if error else []), *_words(found)]) or WORKS
        later = bool(found) and len(plan.steps) > 1  # the harm of one step lets the next one fail
        if code == libvirt.VIR_ERR_SYSTEM_ERROR and code not in codes and Harm.STOPPED in found:
            code = libvirt.VIR_ERR_INTERNAL_ERROR  # QEMU was gone before libvirt reached it
        same = found == harms and (code in codes if codes else error is None or later)
        if error is not None:
            why += f" -- {error.message}"
        if codes and not harms:
            wrong = [*map(str, changed), *map(str, guest.otherwise())]
            if wrong:
                why += f" -- {'; '.join(wrong)}"
                return Answer(foretold, predicted, f"{happened}, and changes", False, why)
        return Answer(foretold, predicted, happened, same, why)

    @staticmethod
    def _predicted(codes: set[int], harms: AbstractSet[Harm]) -> str:
        return ", ".join([*(f"error {one}" for one in sorted(codes)), *_words(harms)])

    def _raw(self, guest: Guest, plan: Plan) -> tuple[tuple[Step, ...], SnaptuiError | None]:
        """Ask libvirt for what was refused; returns the steps that it did, and its error."""
        for done, step in enumerate(plan.steps):
            try:
                perform(self.backend, guest.key, step, lambda _: None)
            except SnaptuiError as error:
                return plan.steps[:done], error
            must_hold(guest, step)
        return plan.steps, None

    def _wrong(self, guest: Guest, plan: Plan, before: Facts, after: Facts) -> list[str]:
        before = _after(plan.steps, before)
        # what an earlier step reads anew is not known when the last one is looked at
        return [*map(str, differences(before, after)), *map(str, guest.otherwise())]


def at_rest(facts: Facts) -> Facts:
    """As if its overlays had been there for days, and all processes could be looked into."""
    if facts.overlay is None:
        return facts
    rested = replace(facts.overlay, made=facts.read_at - 2 * DAY, unseen="")
    return replace(facts, overlay=rested)


def _after(steps: Iterable[Step], facts: Facts) -> Facts:
    for step in steps:
        facts = expected_after(step, facts)
    return facts


def _words(harms: AbstractSet[Harm]) -> list[str]:
    return sorted(harm.value for harm in harms)


def must_hold(guest: Guest, step: Step) -> None:
    """What disks and snapshots must hold after a step that worked."""
    if isinstance(step, CreateSnapshot):
        taken = step.new.overlays or guest.now
        guest.held[step.new.name] = {t: guest.now[t] for t in taken if t in guest.now}
    elif isinstance(step, RevertTo):
        held = guest.held.get(step.snapshot.name, {})
        then = step.snapshot.config.disks if step.snapshot.config is not None else ()
        left = {disk.target: guest.written.get(disk.path or "") for disk in then}
        guest.now.update({t: held.get(t, left.get(t) or byte) for t, byte in guest.now.items()})
    elif isinstance(step, Redefine):
        guest.held[step.after.name] = guest.held.get(step.snapshot.name, {})
        guest.spoiled |= {step.after.name} if step.snapshot.name in guest.spoiled else set()
    elif isinstance(step, Adopt):
        guest.held[step.name] = dict(guest.unmanaged.get(step.name, {}))
    elif isinstance(step, DeleteSnapshot):
        guest.held.pop(step.snapshot.name, None)


def code_of(error: SnaptuiError) -> int | None:
    cause = error.__cause__
    return cause.get_error_code() if isinstance(cause, libvirt.libvirtError) else None
