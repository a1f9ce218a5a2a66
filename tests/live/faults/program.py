"""snaptui as it is, started so that an operation can be held at a moment of a step.

The dialog is left out: facts are read, and the plan runs as if it had been confirmed. What is held
is the thread that takes the step; the screen goes on. Who started it is told through a socket, one
JSON object a line.
"""

from __future__ import annotations

import base64
import enum
import faulthandler
import json
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from snaptui.common.worker import start
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.domain import DomainKey
from snaptui.operations import step_runner
from snaptui.operations.operation import Operation
from snaptui.operations.step_calls import perform
from snaptui.plan.delete.merge import DAY
from snaptui.plan.facts import Facts
from snaptui.plan.plan import Intent
from snaptui.plan.planner import AnyFacts, make_plan
from snaptui.ui import app as product


def days_later(facts: AnyFacts) -> AnyFacts:
    """As if what was made just now had been there for days: young overlays are not merged."""
    if not isinstance(facts, Facts) or facts.overlay is None:
        return facts
    return replace(facts, overlay=replace(facts.overlay, made=facts.read_at - 2 * DAY))


class Hold(enum.Enum):
    """Where the thread of a step is held."""

    CHECK = "check"
    CALL = "call"
    READ_BACK = "read back"


@dataclass(frozen=True)
class Order:
    """What the program is to do.

    Attributes:
        control: path of the socket of who started it.
        state: directory for its journal.
        intent: what it does; ``None`` for nothing.
        hold, step: where it is held, and in which step.
    """

    uri: str
    domain: DomainKey
    control: str
    state: str
    intent: Intent | None = None
    hold: Hold | None = None
    step: int = 0

    @property
    def stacks(self) -> Path:
        """Where it writes at SIGUSR1, and when it crashes, what its threads are at."""
        return Path(self.state, "stacks")

    @property
    def argument(self) -> str:
        return base64.b64encode(pickle.dumps(self)).decode()


class _Control:
    """The way to who started it."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lock = threading.Lock()
        self.asked: Callable[[], None] = lambda: None
        self.go_on = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, **words: Any) -> None:
        with self._lock:
            self._socket.sendall(json.dumps(words).encode() + b"\n")

    def hold(self) -> None:
        self.tell(event="held")
        self.go_on.wait()

    def _listen(self) -> None:
        for line in self._socket.makefile():
            if line == "go\n":
                self.go_on.set()
            else:
                self.asked()


def _hold(order: Order, control: _Control) -> None:
    """Hold the thread of a step before it looks, before it calls, or after that."""
    checks, calls = iter(range(1000)), iter(range(1000))

    def held_read(*words: Any, **more: Any) -> Any:
        mine = threading.current_thread().name.startswith("changes")
        if mine and next(checks) == order.step and order.hold is Hold.CHECK:
            control.hold()
        return read_facts(*words, **more)

    def held_perform(*words: Any) -> None:
        mine = next(calls) == order.step
        if mine and order.hold is Hold.CALL:
            control.hold()
        try:
            perform(*words)
        finally:
            if mine and order.hold is Hold.READ_BACK:
                control.hold()

    vars(step_runner).update(read_facts=held_read, perform=held_perform)


class App(product.SnaptuiApp):
    """The browser, which also does what it was ordered to, and says what it shows."""

    order: ClassVar[Order]
    control: ClassVar[_Control]

    async def on_ready(self) -> None:
        def asked() -> None:
            self.call_from_thread(self._tell)

        self.control.asked = asked
        if self.order.intent is not None:
            start(self._act(self.order.intent))
        self.control.tell(event="ready")

    async def _act(self, intent: Intent) -> None:
        facts = await self.session.read_facts(intent)
        plan = make_plan(intent, days_later(facts))
        self.control.tell(event="plan", refusals=[one.words for one in plan.refusals])
        self.session.operations.run(plan, facts)

    def _tell(self) -> None:
        shown, host = self.session.snapshots.shown, self.session.host.state
        known = shown.snapshots if shown is not None else None
        domain = host.domains.get(self.order.domain)
        self.control.tell(
            event="state",
            link=host.link.value,
            unfinished=len(self.session.operations.unfinished),
            domain=None if domain is None else [domain.name, domain.state.value],
            snapshots=sorted(known.names) if known is not None else None,
            error=shown.error if shown is not None else "",
        )

    def operation_changed(self, operation: Operation) -> None:
        super().operation_changed(operation)
        if operation.phase.over:
            self.control.tell(
                event="over",
                outcome=operation.phase.value,
                done=operation.done,
                became=operation.became.value if operation.became is not None else None,
                words=f"{operation.phase.value}: {operation.error} -- {operation.hint}",
            )


def main() -> int:
    """Run the program as ordered by its one argument."""
    order: Order = pickle.loads(base64.b64decode(sys.argv[1]))
    os.environ["XDG_STATE_HOME"] = order.state
    Path(order.state).mkdir(exist_ok=True)
    stacks = order.stacks.open("w")
    faulthandler.enable(stacks)
    faulthandler.register(signal.SIGUSR1, stacks)
    App.order, App.control = order, _Control(order.control)
    if order.hold is not None:
        _hold(order, App.control)
    product.SnaptuiApp = App  # type: ignore[misc]  # the command line makes one of these
    sys.argv = ["snaptui", "-c", order.uri, order.domain.uuid]

    from snaptui.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
