"""Every way to a host, for real: what works over it, and what becomes of one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.snapshot_request import NewSnapshot
from snaptui.monitor.host import BACK_OFF, JITTER, HostWatch, Link
from snaptui.monitor.openings import Openings
from snaptui.operations.operation import Operation, Phase
from snaptui.operations.runner import Operations
from snaptui.plan.plan import CreateIntent, DeleteIntent, DomainIntent, RevertIntent
from snaptui.plan.planner import make_plan
from tests.lab import holds, write
from tests.one_host import everywhere
from tests.terminal import Terminal
from tests.transports import PASSWORD, Transports, ssh_clients, transports

WAYS = ("unix", "ssh", "jump", "master", "libssh", "libssh2", "tls", "sasl")
DENIED = (
    "ssh key", "unknown host key", "changed host key", "libssh, unknown host key",
    "libvirt's socket",
    "certificate of a stranger", "no certificate", "host of another CA",
    "certificate of another CA", "no such files", "password", "nothing to sign in with",
)  # fmt: skip
DEAD = ("unix", "ssh", "jump", "name", "tls", "no TLS", "tcp")
ASKS = {"ssh key", "unknown host key", "libssh, unknown host key", "nothing to sign in with"}
"""What a sign-in on the terminal may mend."""


@pytest.fixture(scope="module")
def _ways() -> Iterator[Transports]:
    with transports() as made:
        assert (set(made.uris), set(made.denied), set(made.dead)) == (
            set(WAYS), set(DENIED), set(DEAD),
        )  # fmt: skip
        yield made


@pytest.fixture
def ways(_ways: Transports) -> Iterator[Transports]:
    yield _ways
    _ways.lab.clean()


Do = Callable[[DomainIntent], Awaitable[None]]
"""Plans something and does it."""


@asynccontextmanager
async def program(uri: str, near: DomainKey, state: Path) -> AsyncIterator[Do]:
    """What the program reads, plans and does with, through a URI."""
    backend, worker, over = LibvirtBackend(uri), Worker(), asyncio.Event()
    ended: list[Operation] = []

    def changed(operation: Operation) -> None:
        if operation.phase.over:
            ended.append(operation)
            over.set()

    async def do(intent: DomainIntent) -> None:
        over.clear()
        facts = await operations.facts(host, intent)
        plan = make_plan(intent, facts)
        assert plan.possible, plan.refusals
        operations.run(plan, facts)
        await over.wait()
        assert ended[-1].phase is Phase.DONE, ended[-1].error

    host = await worker.reads.call(backend.connect)
    assert [one.key.uuid for one in await worker.reads.call(backend.domains)] == [near.uuid]
    operations = Operations(everywhere(backend, worker), state=state, on_change=changed)
    await operations.records.open()
    yield do
    operations.close()
    backend.abandon()


@pytest.mark.parametrize("way", WAYS)
async def test_a_snapshot_is_made_reverted_to_and_deleted_over_it(
    ways: Transports, way: str, tmp_path: Path
) -> None:
    near, lab, uri = ways.lab.define("web"), ways.lab, ways.uris[way]
    key = near._replace(host=uri)
    async with program(uri, near, tmp_path) as do:
        await do(CreateIntent(key, "one", ""))
        assert lab.snapshots("web") == ["one"]
        write(lab.image("web"), 0x22)
        await do(RevertIntent(key, "one", safety=SafetyKind.NONE))
        assert holds(lab.image("web"), 0x11)
        await do(DeleteIntent(key, "one"))
        assert lab.snapshots("web") == []


@asynccontextmanager
async def watched(
    uri: str, *, entered: bool = True
) -> AsyncIterator[tuple[HostWatch, asyncio.Event]]:
    """A host as the program watches it, and what is set when its state changes."""
    backend, changed = LibvirtBackend(uri), asyncio.Event()
    watch = HostWatch(
        backend,
        Worker(),
        turn=Openings().turn(""),
        on_change=changed.set,
        on_hint=lambda _: None,
        on_again=lambda: None,
        entered=entered,
    )
    running = asyncio.create_task(watch.run())
    try:
        yield watch, changed
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        backend.abandon()


@pytest.mark.parametrize("way", WAYS)
async def test_a_link_that_is_lost_comes_back(ways: Transports, way: str) -> None:
    near = ways.lab.define("web")
    async with watched(ways.uris[way]) as (watch, changed), asyncio.timeout(60):

        async def until(link: Link) -> None:
            while watch.state.link is not link or not watch.state.loaded:
                changed.clear()
                await changed.wait()

        await until(Link.CONNECTED)
        await asyncio.to_thread(ways.lab.daemon.kill)
        await until(Link.LOST)
        assert [one.uuid for one in watch.state.domains] == [near.uuid], "what was known stays"
        await asyncio.to_thread(ways.lab.daemon.restart)
        await until(Link.CONNECTED)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> asyncio.Queue[float | None]:
    """How long a watch waits before each further attempt; it does not wait."""
    waits: asyncio.Queue[float | None] = asyncio.Queue()

    async def pause(_: HostWatch, seconds: float | None) -> None:
        waits.put_nowait(seconds)
        if seconds is None:
            await asyncio.Event().wait()

    monkeypatch.setattr(HostWatch, "pause", pause)
    return waits


@pytest.mark.parametrize("way", DENIED)
async def test_what_is_denied_is_not_asked_again(
    ways: Transports, way: str, pauses: asyncio.Queue[float | None]
) -> None:
    async with watched(ways.denied[way]) as (watch, _), asyncio.timeout(60):
        assert await pauses.get() is None
        assert watch.state.link is (Link.SIGN_IN if way in ASKS else Link.REFUSED)
        assert watch.state.trouble
        assert watch.backend.calls == 1


@pytest.mark.parametrize("way", DEAD)
async def test_what_is_away_is_asked_again_and_again(
    ways: Transports, way: str, pauses: asyncio.Queue[float | None]
) -> None:
    async with watched(ways.dead[way]) as (watch, _), asyncio.timeout(60):
        waits = [await pauses.get() or 0.0 for _ in range(3)]
        assert waits == [pytest.approx(one, rel=JITTER) for one in BACK_OFF[:3]]
        assert watch.state.link is Link.LOST


async def test_a_host_that_is_only_listed_has_one_connection(
    ways: Transports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One ssh; more when it is entered, and one again when it is left."""
    key = ways.lab.define("web")._replace(host=ways.uris["ssh"])
    looked, loop = asyncio.Event(), asyncio.get_running_loop()
    listed = LibvirtBackend.domains

    def noted(backend: LibvirtBackend) -> tuple[Domain, ...]:
        found = listed(backend)
        loop.call_soon_threadsafe(looked.set)
        return found

    async def look() -> None:
        looked.clear()
        await looked.wait()

    monkeypatch.setattr(LibvirtBackend, "domains", noted)
    monkeypatch.setattr("snaptui.monitor.host.UNSEEN", 0.2)
    before = ssh_clients()
    async with watched(key.host, entered=False) as (watch, changed), asyncio.timeout(60):
        for _ in range(3):
            await look()
        assert (watch.entered, ssh_clients() - before) == (False, 1)
        assert not watch.state.summaries, "nothing of it is on screen"
        watch.show([key])
        while not watch.state.summaries:
            changed.clear()
            await changed.wait()
        watch.enter()
        watch.leave()
        await look()
        await look()
        assert ssh_clients() - before == 1, "it was passed by"
        watch.enter()
        while ssh_clients() - before < 2:
            await look()
        watch.backend.create_snapshot(key, NewSnapshot("one"))
        assert ssh_clients() - before >= 3
        watch.leave()
        while ssh_clients() - before > 1:
            await look()
        assert watch.state.link is Link.CONNECTED


async def test_ssh_takes_the_connection_that_is_there(ways: Transports) -> None:
    """The admin's ControlMaster: one sign-in for all connections; without it one for each."""
    ways.lab.define("web")

    def opened(uri: str) -> tuple[int, int]:
        """Sign-ins and sessions of a host's four connections."""
        logins, sessions = ways.logins, ways.sessions
        backend = LibvirtBackend(uri)
        backend.connect()
        backend.watch(lambda _: None)
        backend.create_snapshot(ways.lab.key("web")._replace(host=uri), NewSnapshot("one"))
        ways.lab.virsh("snapshot-delete", "web", "one")
        backend.abandon()
        return ways.logins - logins, ways.sessions - sessions

    opened(ways.mastered)
    assert opened(ways.mastered) == (0, 4)
    assert opened(ways.uris["ssh"]) == (4, 4)


def test_a_user_and_a_password_are_asked_for_before_the_screen(ways: Transports) -> None:
    ways.lab.define("web")
    with Terminal(["-c", ways.asking]) as terminal:
        terminal.wait("name:")
        assert b"\x1b[?1049h" not in terminal.raw
        terminal.press("admin\r")
        terminal.wait("password:")
        terminal.press(f"{PASSWORD}\r")
        terminal.wait("connected", "web")
        assert PASSWORD not in terminal.text


@pytest.mark.parametrize("first", ["", "admin"])
def test_ctrl_c_at_its_questions_ends_the_start(ways: Transports, first: str) -> None:
    with Terminal(["-c", ways.asking]) as terminal:
        terminal.wait(f"{ways.asking}: Please enter your authentication name:")
        if first:
            terminal.press(f"{first}\r")
            terminal.wait("password:")
        terminal.press("\x03")
        assert terminal.exit_code() == 2
        said = terminal.text.replace("\n", "")
        assert f"The sign-in to {ways.asking} was given up." in said
        assert "Traceback" not in terminal.text
        assert terminal.restored


def test_ctrl_c_at_a_later_sign_in_leads_back(ways: Transports) -> None:
    ways.lab.define("web")
    with Terminal(["-c", ways.asking]) as terminal:
        terminal.wait("name:")
        terminal.press("admin\r")
        terminal.wait("password:")
        terminal.press(f"{PASSWORD}\r")
        terminal.wait("connected", "web")
        ways.lab.daemon.kill()
        ways.lab.daemon.restart()
        terminal.wait("sign-in needed")
        terminal.press("S")
        terminal.wait("name:")
        terminal.press("\x03")
        terminal.wait("was given up")
        terminal.press("esc")
        terminal.wait("sign-in needed", gone="was given up")
        terminal.press("S")
        terminal.wait("name:")
        terminal.press("admin\r")
        terminal.wait("password:")
        terminal.press(f"{PASSWORD}\r")
        terminal.wait("connected", "web", gone="sign-in needed")


def test_a_wrong_password_ends_the_start_and_is_not_tried_again(ways: Transports) -> None:
    with Terminal(["-c", ways.asking]) as terminal:
        terminal.wait("name:")
        terminal.press("admin\r")
        terminal.wait("password:")
        terminal.press("a wrong one\r")
        assert terminal.exit_code() == 2
        assert "denies access" in " ".join(terminal.text.split())
        assert terminal.text.count("password:") == 1
