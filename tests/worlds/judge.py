"""One question to a world: all that our plan says, beside all that really happens."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Collection
from contextlib import suppress

import libvirt

from snaptui.common.errors import Disconnected, SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model import libvirt_codes
from snaptui.model.choices import Form
from snaptui.model.domain import DomainState
from snaptui.model.image import ImageInfo
from snaptui.operations.step_calls import differences, expected_after, in_the_way, perform
from snaptui.plan.change import sentence
from snaptui.plan.facts import Facts
from snaptui.plan.loss import SnapshotsLost, WritesLost
from snaptui.plan.plan import (
    CreateIntent,
    DomainIntent,
    ImageIntent,
    Intent,
    Plan,
    RevertIntent,
)
from snaptui.plan.planner import AnyFacts
from snaptui.plan.refusal import Harm
from snaptui.plan.steps.image import ImageStep
from snaptui.plan.words.why import Why
from snaptui.storage.in_image import internal_disks
from tests.lab import free_on
from tests.live.matrix.cell import code_of, must_hold
from tests.live.matrix.guest import OFF, RUNNING
from tests.live.matrix.harms import NEVER_SENT, UNSURE, Done, happened_so
from tests.worlds import contents, figures, fitting
from tests.worlds.asking import planned
from tests.worlds.contents import Contents, differing
from tests.worlds.expecting import Expected
from tests.worlds.freezing import Watch
from tests.worlds.lies import Lying
from tests.worlds.machine import DidNot, Down, Machine
from tests.worlds.member import Member
from tests.worlds.steps import IMPOSSIBLE
from tests.worlds.undoing import Before, Records, undo
from tests.worlds.verbs import Ask, intent
from tests.worlds.verdict import Kind, Verdict

WORKS, NOT_SENT = "works", "not sent"
WHERE_NONE_WRITES = "write -P 0x6d 2952k 64k"
"""What no other write of a world covers, so that whoever lies upon it sees it."""
STATES = {DomainState.SHUTOFF: OFF}


def judge(machine: Machine, ask: Ask, lying: Lying) -> Verdict | None:
    """Ask, carry out, compare; ``None`` where there is nothing that could be asked.

    Raises:
        Down: something went down, or hangs, that was not foretold.
    """
    try:
        return _judged(machine, ask, lying)
    finally:
        machine.alive()


def _judged(machine: Machine, ask: Ask, lying: Lying) -> Verdict | None:
    verdict = Verdict(ask.verb)
    try:
        wanted = intent(machine, ask)
        if wanted is None:
            return None
        plan, facts = planned(machine, wanted)
    except Disconnected as error:
        raise Down(error.message) from error
    except (SnaptuiError, libvirt.libvirtError) as error:
        verdict.predicted = verdict.happened = f"could not be asked: {error}"
        return verdict
    one = _One(machine, machine.members[ask.on], verdict, wanted, *lying(plan, facts))
    try:
        if one.plan.possible:
            one.works()
        else:
            one.refused()
    except Disconnected as error:
        raise Down(error.message) from error
    except libvirt.libvirtError:  # a transient domain is gone
        verdict.unknown[Kind.WORKS] += 1
        verdict.spoiled = True
    return verdict


class _One:
    """One question, and how the world is before it."""

    def __init__(
        self,
        machine: Machine,
        member: Member,
        verdict: Verdict,
        wanted: Intent,
        plan: Plan,
        facts: AnyFacts,
    ) -> None:
        self.machine, self.member, self.verdict = machine, member, verdict
        self.intent, self.plan, self.facts = wanted, plan, facts
        self.before: Contents = machine.contents()
        self.states = machine.states()
        self.off = all(state == OFF for state in self.states.values())
        self.watch = Watch(member.agent, running=member.state == RUNNING)

    # -- a plan that may be confirmed -----------------------------------------------------

    def works(self) -> None:
        """Carry it out and compare."""
        verdict, plan = self.verdict, self.plan
        verdict.predicted = "not checked" if plan.unchecked else WORKS
        if self.off:
            figures.judge_images(verdict, self.facts, self.machine.judged)
        if isinstance(self.facts, Facts):
            figures.judge_costs(verdict, self.facts)
            if isinstance(plan.lost, WritesLost):
                figures.judge_lost(verdict, plan, self.facts, off=self.off)
        took, inside = contents.taken(self.machine.images), {}
        if self.off:
            inside = figures.allocated(self.facts)
        stays_off = self.off and plan.after.state is DomainState.SHUTOFF
        records, tpm = self._records(), self.member.tpm if stays_off else None
        for line in plan.lines:
            words = [one for one in shlex.split(line) if one not in ("-c", self.machine.lab.uri)]
            self.machine.note(*words, remark=True)
        free = free_on(self.machine.images)
        wrong = self._carry_out()
        verdict.happened = wrong[0] if wrong else WORKS
        if wrong and self.machine.full:
            verdict.spoiled = True
            fitting.judge_failed(verdict, self.machine, self.member, plan, self.facts, self.before,
                                 self.states, free)  # fmt: skip
            return
        foretold = plan.unchecked or fitting.out_of_refcounts(plan.warnings)
        verdict.compare(Kind.WORKS, *([] if foretold else wrong))
        if wrong:
            verdict.spoiled = True
            return
        verdict.carried_out = True
        self.watch.judge(verdict, plan)
        self._judge_after()
        if tpm is not None:
            wrong = [] if self.member.tpm == tpm else ["its TPM holds something else"]
            verdict.compare(Kind.AFTER, *wrong)
        after = self.machine.contents()
        verdict.compare(Kind.DATA, *self._expected.otherwise(after))
        if isinstance(plan.lost, SnapshotsLost) and isinstance(self.facts, Facts):
            there = self.member.snapshots() & set(plan.lost.names)
            verdict.compare(Kind.LOST, *(f"{name} is not lost" for name in sorted(there)))
        now = contents.taken(self.machine.images)
        left = figures.allocated(self.facts) if self.off else {}
        figures.judge_space(
            verdict, self.machine, self.member, plan, self.facts, (took, now), (inside, left),
            off=self.off,
        )  # fmt: skip
        self.machine.make_room()
        if not verdict.lies:
            before = Before(self.before, self._then, records, tpm)
            undo(verdict, self.machine, self.member, plan, before)
        verdict.spoiled = bool(verdict.lies)

    @property
    def _then(self) -> dict[str, str]:
        """The states that an undo brings back: those of before, but for what halts the guest."""
        halts = isinstance(self.intent, CreateIntent) and self.intent.halt
        return {**self.states, self._name: OFF} if halts else dict(self.states)

    @property
    def _expected(self) -> Expected:
        return Expected(self._name, self.plan, self.facts, self.before, tuple(self.member.now))

    @property
    def _name(self) -> str:
        return next(name for name, one in self.machine.members.items() if one is self.member)

    def _carry_out(self) -> list[str]:
        """What happens instead, in words; empty where it works."""
        expected = self.facts
        machine, backend = self.machine, self.machine.backend
        for step in self.plan.steps:
            found = read_facts(backend, machine.host, self.intent)
            if changed := in_the_way(step, expected, found):
                return [f"is stopped: {sentence(changed)}"]
            try:
                perform(backend, self.intent.key, step, lambda _: None)
            except Disconnected:
                raise
            except SnaptuiError as error:
                return [f"error {code_of(error)}: {error.message}"]
            expected = read_facts(backend, machine.host, self.intent)
            if off := differences(expected_after(step, found), expected):
                return [f"works otherwise: {sentence(off)}"]
            if not isinstance(step, ImageStep):
                must_hold(self.member, step)
        return []

    def _judge_after(self) -> None:
        state = self.plan.after.state
        now = self.machine.states()
        wrong = []
        if state is not None and now.get(self._name) != STATES.get(state, state.value):
            wrong.append(f"it is {now.get(self._name)}, not {state.value}")
        wrong += [
            f"{name} was {was} and is {now.get(name)}"
            for name, was in self.states.items()
            if name != self._name and now.get(name) != was
        ]
        self.verdict.compare(Kind.AFTER, *wrong)

    def _records(self) -> Records:
        """Of all snapshots, parents first."""
        found = {}
        due = list(self.member.domain.listAllSnapshots(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS))
        while due:
            one = due.pop(0)
            found[one.getName()] = one.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
            due += one.listAllChildren()
        return Records(found, self.member.current)

    # -- a plan that may not --------------------------------------------------------------

    def refused(self) -> None:
        """Ask libvirt all the same, where it is known what it does; harms are looked for."""
        verdict, told = self.verdict, self.plan.refusals
        codes = {one.code for one in told if one.code is not None}
        by_code = [one for one in told if one.code is not None] if codes else told
        unread = {disk.target for disk in self.member.disks} - self.member.now.keys()
        of_none = {disk.path for disk in self.member.disks if disk.target in unread}
        of_read = [
            one
            for one in by_code
            if dict(one.names).get("disk") not in unread
            and dict(one.names).get("overlay") not in of_none
        ]
        harms = {one.harm for one in of_read if one.harm is not None}
        all_harms = {one.harm for one in told if one.harm is not None}
        verdict.predicted = ", ".join(
            [*(f"error {code}" for code in sorted(codes)), *sorted(h.value for h in harms)]
        ) or "refused"  # fmt: skip
        waits = libvirt_codes.OPERATION_TIMEOUT in codes
        asked = (codes or harms) and not (waits and self.machine.waited)
        if isinstance(self.intent, ImageIntent) or not asked or NEVER_SENT & all_harms:
            verdict.happened = NOT_SENT
            return
        self.machine.waited |= waits
        if self.machine.full:  # then nothing can be written that a merge would bring elsewhere
            harms -= {Harm.OTHER_LOST}
        if Harm.OTHER_LOST in harms:  # of an overlay that holds nothing nothing is merged
            with suppress(*IMPOSSIBLE):
                self.member.write(WHERE_NONE_WRITES)
            self.before = self.machine.contents()
        named = {
            str(dict(one.names).get("path", "")) for one in told if one.harm is Harm.OTHER_LOST
        }
        below = {path for one in named for path in contents.chain(one)}
        shared = {path: self._itself(path) for path in named | below}
        there = [path for path in named if os.path.exists(path)]
        written = {path: contents.last_write(path) for one in told if one.harm is Harm.OVERWRITTEN
                   for path in [str(dict(one.names)["path"])]}  # fmt: skip
        if Harm.OTHER_LOST in harms and self._is_there_already(shared):
            harms -= {Harm.OTHER_LOST}
        error = self._raw()
        code = code_of(error) if error is not None else None
        verdict.happened = f"error {code}" if error is not None else WORKS
        self.watch.judge_refused(verdict, error)
        assert isinstance(self.facts, Facts)
        if error is None and fitting.no_room(told):
            verdict.unknown[Kind.REFUSAL] += 1  # it needed less than it may
            verdict.spoiled = True
            return
        if codes and not harms:
            # powered off, it is on the disks of its definition
            moved = any(one.why is Why.OTHER_ONCE_OFF_NOT_YET for one in told)
            self._only_an_error(codes, code, error, harmless=not (all_harms or moved))
            return
        verdict.spoiled = True
        changed = any(self._itself(path) != held for path, held in shared.items())
        changed |= not all(os.path.exists(path) for path in there)
        inside = [dict(one.names) for one in told if one.why is Why.UNMANAGED_OF_OTHER]
        changed |= any(
            contents.read(str(one["path"]), "qcow2", str(one["name"])) is None for one in inside
        )
        again = frozenset(
            path for path, stamp in written.items() if contents.last_write(path) != stamp
        )
        self._harmed(harms, codes, code, error, changed=changed, overwritten=again)

    def _is_there_already(self, shared: Collection[str]) -> bool:
        """Whether the images that a revert goes back in hold that now: nobody sees a change.

        Args:
            shared: those that others use; the others may hold anything.
        """
        if not isinstance(self.intent, RevertIntent) or not isinstance(self.facts, Facts):
            return False
        snapshot = self.facts.snapshots[self.intent.name]
        read = {path for one in shared for path in contents.chain(one)}
        paths = [disk.path or "" for disk in internal_disks(snapshot) if disk.path in read]
        held = [contents.read(path, "qcow2") for path in paths]
        then = [contents.read(path, "qcow2", snapshot.name) for path in paths]
        return bool(held) and None not in held and held == then

    def _raw(self) -> SnaptuiError | None:
        for step in self.plan.steps:
            try:
                perform(self.machine.backend, self.intent.key, step, lambda _: None)
            except Disconnected:
                raise
            except SnaptuiError as error:
                return error
            if not isinstance(step, ImageStep):
                must_hold(self.member, step)
        return None

    def _only_an_error(
        self, codes: set[int], code: int | None, error: SnaptuiError | None, *, harmless: bool
    ) -> None:
        """libvirt's error; and that nothing changed, unless what comes before it does harm too."""
        words = error.message if error is not None else "libvirt does it"
        expected = " or ".join(map(str, sorted(codes)))
        wrong = [] if code in codes else [f"error {expected} is foretold, and {code}: {words}"]
        self.verdict.compare(Kind.REFUSAL, *wrong)
        # of a paused guest QEMU saves the RAM once: a create that failed then may have had it
        saved = isinstance(self.intent, CreateIntent) and self.intent.form is Form.EXTERNAL
        self.verdict.spoiled |= saved and error is not None
        if wrong or self.machine.states() != self.states:
            self.verdict.spoiled = True
        if not wrong:
            now = self.machine.contents()
            changed = differing(self.before, now)
            if len(self.plan.steps) == 1:  # of several the first may work, and delete
                changed += contents.gone(self.before, now)
            if fitting.no_room(self.plan.refusals):  # what a merge writes to is said
                changed = [one for one in changed if "@" not in one]
            self.verdict.spoiled |= bool(changed)
            if harmless:
                self.verdict.compare(Kind.DATA, *(f"refused, and {words}" for words in changed))

    def _itself(self, path: str) -> contents.Held | None:
        """What an image holds, though whoever lies upon it may hide that."""
        assert isinstance(self.facts, Facts)
        head = self.facts.layers.heads.get(path) or self.facts.images.get(path)
        return contents.read(path, head.format) if isinstance(head, ImageInfo) else None

    def _harmed(
        self,
        harms: set[Harm],
        codes: set[int],
        code: int | None,
        error: SnaptuiError | None,
        *,
        changed: bool,
        overwritten: frozenset[str],
    ) -> None:
        """One of the harms, or libvirt's error; of one that is not known nothing is asked.

        Args:
            changed: an image that others lie upon holds something else now.
            overwritten: files that were there, and were written to.
        """
        assert isinstance(self.intent, DomainIntent)
        assert isinstance(self.facts, Facts)
        if not (harms := harms - UNSURE):
            self.verdict.unknown[Kind.REFUSAL] += 1
            return
        try:
            after = read_facts(self.machine.backend, self.machine.host, self.intent)
            done = Done(self.member, self.intent, self.facts, after, overwritten)
            found = {harm for harm in harms if happened_so(harm, done)}
        except (SnaptuiError, libvirt.libvirtError, LookupError, AssertionError, ValueError):
            self.verdict.unknown[Kind.REFUSAL] += 1
            return
        fine = bool(found) or (code in codes if codes else error is not None)
        fine = fine or (changed and Harm.OTHER_LOST in harms)
        fine = fine or self._harmed_otherwise(worked=error is None)
        names = ", ".join(sorted(harm.value for harm in harms))
        wrong = [] if fine else [f"foretold: {names}; {self.verdict.happened}, and none of it"]
        self.verdict.compare(Kind.REFUSAL, *wrong)

    def _harmed_otherwise(self, *, worked: bool) -> bool:
        """Whether anything that any domain or image held is another now, or not what it must be.

        Args:
            worked: libvirt did it, so that its disks are as the plan says.
        """
        try:
            now = self.machine.contents()
            wrong = self._expected.otherwise(now) if worked else differing(self.before, now)
            return bool(wrong) or bool(self.member.otherwise())
        except (DidNot, json.JSONDecodeError):
            return False
