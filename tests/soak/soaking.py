"""The program under the monkey, on a daemon that is killed and started again and again."""

from __future__ import annotations

import json
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from snaptui.common.state_files import state_directory
from snaptui.model.operation_record import parse
from tests.lab import Lab
from tests.soak.monkey import REST, SIZES, bursts
from tests.soak.program import Held
from tests.terminal import PATIENCE, Terminal

SEED = 20_261_126
DOMAINS = ("db", "run", "web")
MEMORY, FILES, THREADS, OBJECTS = 48 << 20, 12, 24, 64
"""By how much the end may differ from the beginning. Of libvirt's objects a domain and each of
its snapshots has one; they are counted for themselves."""


@dataclass(frozen=True)
class Soaked:
    """What came of it.

    Attributes:
        begin, end: what the program held after the first tenth, and at the end.
        operations: how many the journal has.
        snapshots: how many there were at the end.
        different: of domains whose tree is otherwise than virsh says, what it shows instead.
    """

    seed: int
    keys: int
    restarts: int
    begin: Held
    end: Held
    operations: int
    snapshots: int
    different: tuple[str, ...]

    @property
    def grown(self) -> tuple[str, ...]:
        """What grew beyond its bound, in words."""
        begin, end = self.begin, self.end
        objects = sum(end.objects.values()) - sum(begin.objects.values())
        return tuple(
            f"{what} grew by {by}, and may by {most}"
            for what, by, most in (
                ("memory", end.memory - begin.memory, MEMORY),
                ("open files", end.files - begin.files, FILES),
                ("threads", end.threads - begin.threads, THREADS),
                ("libvirt's objects", objects, OBJECTS + self.snapshots),
            )
            if by > most
        )


def soak(lab: Lab, *, refreshes: int, restarts: int, seed: int = SEED) -> Soaked:
    """Use it until there were so many of both, then look whether it tells the truth."""
    lab.define("web")
    lab.define("db", disks=("vda", "vdb"))
    lab.define("run", running=True)
    for name in ("web", "db"):
        for snapshot in ("one", "two"):
            lab.snapshot(name, snapshot)
    chance = random.Random(seed)
    file = lab.directory / "held"
    arguments = [str(file), "-c", lab.uri]
    with Terminal(arguments, module="tests.soak.program", size=SIZES[0]) as terminal:
        terminal.wait("connected", "web")
        using = _Using(lab, terminal, file, chance)
        using.until(refreshes // 10, restarts // 10)
        begin = using.at_rest()
        using.until(refreshes, restarts)
        end = using.at_rest()
        trees = {name: tree(lab, name) for name in DOMAINS}
        different = tuple(filter(None, (using.differs(name, trees[name]) for name in DOMAINS)))
        count = sum(map(len, trees.values()))
        (journal,) = (state_directory() / "journal").iterdir()
        operations = len(parse(journal.read_bytes())[0])
        terminal.press("q")
        code = terminal.exit_code()
        assert code == 0, f"it ended with {code}: {_log()}"
    return Soaked(seed, using.keys, using.restarts, begin, end, operations, count, different)


def tree(lab: Lab, name: str) -> dict[str, str | None]:
    """The snapshots of a domain with their parents, as virsh tells them."""
    found: dict[str, str | None] = {}
    for snapshot in lab.snapshots(name):
        xml = lab.virsh("snapshot-dumpxml", "--domain", name, f"--snapshotname={snapshot}")
        found[snapshot] = ElementTree.fromstring(xml).findtext("parent/name")
    return found


class _Using:
    def __init__(self, lab: Lab, terminal: Terminal, file: Path, chance: random.Random) -> None:
        self._lab, self._terminal, self._file, self._chance = lab, terminal, file, chance
        self._bursts = bursts(chance)
        self.keys = self.restarts = 0

    def until(self, refreshes: int, restarts: int) -> None:
        """Press keys, change sizes and restart the daemon."""
        each = max(1, refreshes // max(1, restarts))
        while (done := self._held().refreshes) < refreshes or self.restarts < restarts:
            for _ in range(25):
                burst = next(self._bursts)
                self.keys += 1
                self._terminal.type_ahead(burst)
                self._rest(0.5 if burst == REST else 0.06 if burst == "\x1b" else 0.01)
            if self._chance.random() < 0.3:
                self._terminal.resize(*self._chance.choice(SIZES))
            if self.restarts < restarts and done >= self.restarts * each:
                self._lab.daemon.kill()
                self._terminal.read(0.05)
                self._lab.daemon.restart()
                self.restarts += 1
            self._check()

    def at_rest(self) -> Held:
        """Leave what is open, wait for what is under way, and count."""
        self._terminal.resize(120, 40)

        def still() -> bool:
            self._terminal.press("esc")
            shown = self._terminal.text
            return "q quit" in shown and "connected" in shown and not self._held().busy

        self._terminal.until(still, "the main screen, at rest", 120)
        return self._held()

    def differs(self, name: str, wanted: dict[str, str | None]) -> str:
        """What it shows, if it does not come to show the same tree; else nothing."""
        uuid = self._lab.virsh("domuuid", name).strip()
        # a filter that the monkey left in the list of domains may hide this one
        self._terminal.press("left", "esc")
        self._rest(0.5)  # what follows Esc at once is one key with it
        self._terminal.press("g", *("down" for _ in range(DOMAINS.index(name))))

        def same() -> bool:
            held = self._held()
            return held.domain == uuid and held.tree == wanted

        try:
            self._terminal.until(same, f"the tree of {name}, {uuid}: {wanted}", 30)
        except AssertionError as error:
            held = self._held()
            return f"{error}\nit holds of {held.domain}: {held.tree}"
        return ""

    def _rest(self, seconds: float) -> None:
        """Take in what the program draws for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._terminal.read(left)

    def _check(self) -> None:
        """It has not ended."""
        code = self._terminal.process.poll()
        if code is not None:
            raise AssertionError(f"it ended with {code}: {self._terminal.text}\n{_log()}")

    def _held(self) -> Held:
        self._file.unlink(missing_ok=True)
        self._terminal.signal(signal.SIGUSR1)
        until = time.monotonic() + PATIENCE
        while not self._file.exists():
            self._check()
            assert time.monotonic() < until, "it does not answer"
            self._terminal.read(0.01)
        return Held(**json.loads(self._file.read_text()))


def _log() -> str:
    return (state_directory() / "snaptui.log").read_text(errors="replace")[-8000:]
