"""Guests that other people froze: an agent at their channel, and what it is asked in a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form
from snaptui.plan.plan import CreateIntent, Plan, ThawIntent
from snaptui.plan.steps.domain import CreateSnapshot, RevertTo
from tests.agent import Agent, Error
from tests.worlds.verdict import Kind, Verdict

FREEZE, THAW = "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"


class GuestAgent(Agent):
    """An agent in whose guest one file system is frozen or not.

    While it is, all but a thaw is refused (qga/main.c, ga_freeze_allowlist).

    Attributes:
        frozen: whether it is so now.
        saved: names of snapshots whose RAM is of a frozen guest.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.frozen, self.saved = False, set[str]()
        self.answers = {
            "guest-ping": {},
            "guest-fsfreeze-status": lambda: "frozen" if self.frozen else "thawed",
            FREEZE: lambda: self._go(frozen=True),
            THAW: lambda: self._go(frozen=False),
            "guest-get-fsinfo": lambda: (
                self._refused("guest-get-fsinfo") if self.frozen else _DISKS
            ),
        }

    def _go(self, *, frozen: bool) -> Error | int:
        if self.frozen and frozen:
            return self._refused(FREEZE)
        changed = self.frozen != frozen
        self.frozen = frozen
        return int(changed)

    @staticmethod
    def _refused(command: str) -> Error:
        words = f"Command {command} has been disabled: the agent is in frozen state"
        return Error(words, kind="CommandNotFound")

    @property
    def changes(self) -> list[str]:
        """What it was asked that freezes or thaws, in order."""
        return [command for command in self.asked if command in (FREEZE, THAW)]

    def took(self, name: str) -> None:
        """A snapshot holds the RAM of its guest as it is."""
        (self.saved.add if self.frozen else self.saved.discard)(name)

    def at(self, name: str) -> None:
        """Its guest is as a snapshot held it; one without RAM began anew."""
        self.frozen = name in self.saved


_DISKS: list[dict[str, Any]] = [{"name": "vda", "mountpoint": "/", "type": "ext4", "disk": []}]


class Watch:
    """The agent of a guest before a plan."""

    def __init__(self, agent: GuestAgent | None, *, running: bool) -> None:
        self._agent = agent
        self._was = agent is not None and agent.frozen
        self._running = running
        if agent is not None:
            agent.asked.clear()

    def judge(self, verdict: Verdict, plan: Plan) -> None:
        """Compare what the agent was asked with what the plan says, after it was carried out."""
        if self._agent is None:
            return
        expected = []
        if isinstance(plan.intent, ThawIntent):
            expected = [THAW]
        elif isinstance(plan.intent, CreateIntent) and plan.intent.quiesce and self._running:
            expected = [FREEZE, THAW]
        self._compare(verdict, expected)
        for step in plan.steps:
            if isinstance(step, CreateSnapshot) and step.new.form is not Form.DISK_ONLY:
                self._agent.took(step.new.name)
            elif isinstance(step, RevertTo):
                self._agent.at(step.snapshot.name)
        if not any(isinstance(step, RevertTo) for step in plan.steps):
            then = self._was and not isinstance(plan.intent, ThawIntent)
            wrong = [] if self._agent.frozen == then else [f"frozen: {self._was}, then {not then}"]
            verdict.compare(Kind.AFTER, *wrong)

    def judge_refused(self, verdict: Verdict, error: SnaptuiError | None) -> None:
        """A freeze that failed leaves the guest as it was: what others froze stays so."""
        if error is not None and self._agent is not None and self._agent.frozen != self._was:
            verdict.compare(Kind.AFTER, f"frozen: {self._was}, and after an error {not self._was}")

    def _compare(self, verdict: Verdict, expected: list[str]) -> None:
        assert self._agent is not None
        asked = self._agent.changes
        wrong = [] if asked == expected else [f"the agent was asked {asked}, not {expected}"]
        verdict.compare(Kind.AFTER, *wrong)
