"""A file that is put into a running guest by its agent: as a new one, whole, or not at all."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.changes import LONGEST_ANSWER
from snaptui.common.errors import Cancelled
from snaptui.common.worker import Worker
from snaptui.guest_files import agent as agent_of_guest
from snaptui.guest_files.agent import RunningGuest
from snaptui.guest_files.put_in import (
    HOME,
    LARGEST,
    NEEDED,
    PART,
    NotPutIn,
    Phase,
    Tell,
    put,
)
from tests.agent import Error, Voiced, voiced
from tests.conftest import one_lab
from tests.guest import NAME, Guest, skip_without
from tests.guest_disks import needs_libguestfs
from tests.terminal import Terminal, at_snapshots, press_alone, press_yes

STARTS = 600.0
"""Seconds for an appliance that runs without KVM beside a guest that does too."""
DATA = random.Random(1).randbytes(2 * PART + 5)


def quiet(_phase: Phase, _done: int, _total: int) -> None:
    """Nobody looks."""


def giving_up(when: Phase, after: int) -> Tell:
    """Give up in a phase once so much of it is done."""

    def tell(phase: Phase, done: int, _total: int) -> None:
        if phase is when and done >= after:
            raise Cancelled("Cancelled.")

    return tell


def sent(
    guest: Guest,
    data: bytes = DATA,
    tell: Tell = quiet,
    *,
    size: int | None = None,
    read_only: bool = False,
    around: Callable[[Worker, Awaitable[str]], Awaitable[str]] | None = None,
) -> str:
    """Put bytes into a guest; returns where they are."""
    backend = LibvirtBackend(guest.lab.uri, read_only=read_only)
    backend.connect()

    async def content(offset: int, most: int) -> bytes:
        return data[offset : offset + most]

    async def run() -> str:
        worker = Worker()
        to = RunningGuest(backend, worker, guest.key, guest.name)
        putting = put(to, "a file", len(data) if size is None else size, content, tell)
        return await (around(worker, putting) if around else putting)

    try:
        return asyncio.run(run())
    finally:
        backend.abandon()


def refused(guest: Guest, words: str | None, **how: Any) -> NotPutIn:
    """It is, in these words, and says that nothing is left."""
    with pytest.raises(NotPutIn, match=words) as error:
        sent(guest, **how)
    assert not error.value.left
    return error.value


def assert_nothing_in(guest: Guest) -> None:
    """No file was begun, and the agent has none open."""
    assert guest.run(f"ls -A {HOME}") == b""
    opened = guest.run("ls -l /proc/$PPID/fd || :")  # one may be closed before it is looked at
    assert b"->" in opened
    assert HOME.encode() not in opened


def test_it_arrives_byte_for_byte_where_root_alone_can_go(guest: Guest) -> None:
    for data in (b"", b"\0", DATA):
        said: list[tuple[Phase, int, int]] = []
        path = sent(guest, data, lambda *how, said=said: said.append(how))
        made = path.removesuffix("/a file")
        assert made.startswith(f"{HOME}/")
        assert guest.run(f"stat -c '%a %u %g' {made} && ls -A {made}") == b"700 0 0\na file\n"
        wanted = hashlib.sha256(data).hexdigest()
        assert guest.run(f"sha256sum < '{path}'").decode().split()[0] == wanted
        told = [one for one in said if one[0] is not Phase.WAITING]
        assert told == sorted(told, key=lambda one: (one[0] is Phase.COMPARING, one[1]))
        assert told[-1] == (Phase.COMPARING, len(data), len(data))
    assert len(guest.run(f"ls {HOME}").split()) == 3


def test_what_cannot_be_done_is_refused_before_the_first_byte(guest: Guest) -> None:
    """Too large, frozen, paused, a connection that only reads, an agent that may not."""
    refused(guest, r"64\.0 MiB at most", size=LARGEST + 1)
    refused(guest, "read only", read_only=True)
    guest.agent("guest-fsfreeze-freeze")
    refused(guest, "frozen file systems")
    guest.agent("guest-fsfreeze-thaw")
    guest.lab.suspend(NAME)
    refused(guest, "is paused")
    guest.lab.virsh("resume", NAME)
    guest.run(f"chmod 0777 {HOME}")
    refused(guest, "may write to /root")
    guest.run(f"chmod 0700 {HOME}")
    assert_nothing_in(guest)
    guest.begin(
        "kill $PPID; while readlink /proc/$(pidof qemu-ga)/exe; do sleep 0.1; done; "
        "qemu-ga --method=virtio-serial --path=/dev/vport0p1 --statedir=/run -b guest-file-write"
    )
    while not blocked(guest, "guest-file-write"):
        continue  # the agent ends, and another one begins
    refused(guest, "does not allow guest-file-write\\.")
    assert_nothing_in(guest)


def blocked(guest: Guest, command: str) -> bool:
    """Whether its agent says that it does not carry out a command."""
    with suppress(AssertionError):
        rows = guest.agent("guest-info")["supported_commands"]
        return {"name": command, "enabled": False} in [
            {name: row[name] for name in ("name", "enabled")} for row in rows
        ]
    return False


def test_one_that_is_given_up_or_fails_leaves_nothing(guest: Guest) -> None:
    for tell in (giving_up(Phase.SENDING, PART), giving_up(Phase.COMPARING, PART)):
        assert refused(guest, "Cancelled", tell=tell).cancelled
        assert_nothing_in(guest)
    assert not refused(guest, "ends after", size=len(DATA) + 1).cancelled
    assert_nothing_in(guest)


def test_a_task_that_is_cancelled_leaves_nothing(guest: Guest) -> None:
    """It goes on until what it began is removed."""
    sending = asyncio.Event()

    def tell(phase: Phase, done: int, _total: int) -> None:
        if phase is Phase.SENDING and done:
            sending.set()

    async def around(_worker: Worker, putting: Awaitable[str]) -> str:
        task = asyncio.ensure_future(putting)
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(others) == 1
        await asyncio.wait(others)
        return ""

    sent(guest, tell=tell, around=around)
    assert_nothing_in(guest)


def test_what_cannot_be_removed_is_named(guest: Guest) -> None:
    """A guest that is frozen meanwhile takes nothing more, and removes nothing."""

    def tell(phase: Phase, done: int, _total: int) -> None:
        if phase is Phase.SENDING and done == PART:
            guest.agent("guest-fsfreeze-freeze")

    with pytest.raises(NotPutIn, match="may be left in the guest") as error:
        sent(guest, tell=tell)
    guest.agent("guest-fsfreeze-thaw")
    assert guest.run(f"ls -d {HOME}/*").decode().split() == [error.value.left]


@needs_libguestfs
@pytest.mark.long
def test_a_file_of_a_snapshot_comes_back_into_its_guest(guest: Guest) -> None:
    """By the keys; its file system is mounted elsewhere in the guest than where it is looked at."""
    guest.run("mkdir /mnt/etc && chown 7:8 /mnt/etc && ln -s /etc /mnt/link")
    guest.write("/mnt/etc/a.conf", b"as it was\n")
    guest.run("chown 7:8 /mnt/etc/a.conf && chmod 0640 /mnt/etc/a.conf && sync")
    guest.lab.snapshot(NAME, "before", "--disk-only")
    guest.write("/mnt/etc/a.conf", b"as it must not be\n")
    with Terminal(["-c", guest.lab.uri, NAME]) as terminal:
        at_snapshots(terminal, "before")
        terminal.press("g", "f")
        terminal.wait("etc/", "link", gone="appliance", seconds=STARTS)
        terminal.press("i")
        terminal.wait("Only a file can be put into the guest")
        terminal.press("enter")
        terminal.wait("a.conf", "as it was")
        terminal.press("i")
        terminal.wait("Put /etc/a.conf into guest", "tainted by a custom agent command")
        terminal.press("mnt/etc/a.conf")
        press_alone(terminal)
        terminal.wait("a path from / on", "Tab, press Y")
        terminal.press("\x1b[H", "/")  # Home
        press_yes(terminal)
        terminal.wait("✔ 10 B put into guest: /root/snaptui-", "restorecon /mnt/etc/a.conf")
        (made,) = guest.run(f"ls -d {HOME}/*").decode().split()
        terminal.wait(f"install -o 7 -g 8 -m 0640 {made}/a.conf")
        assert guest.read(f"{made}/a.conf") == b"as it was\n"
        assert guest.read("/mnt/etc/a.conf") == b"as it must not be\n"
        terminal.press("esc")
        terminal.wait("✔ 10 B put into guest", gone="restorecon")


SHORT = b"abc"


@pytest.fixture(scope="module")
def running() -> Iterator[Voiced]:
    """One whose agent says what a test wants, on a daemon of its own."""
    skip_without()
    for lab in one_lab():
        with voiced(lab) as one:
            yield one


@pytest.fixture
def liar(running: Voiced) -> Voiced:
    """The same with an agent that has taken three bytes, so far."""
    running.voice.forget()
    running.until_it_answers()
    running.voice.asked.clear()
    enabled = [{"name": name, "enabled": True, "success-response": True} for name in NEEDED]
    running.voice.answers |= {
        "guest-info": {"version": "1", "supported_commands": enabled},
        "guest-get-osinfo": {"id": "debian"},
        "guest-exec": {"pid": 5},
        "guest-exec-status": {"exited": True, "exitcode": 0, "out-data": encoded(b"/root\n")},
        "guest-file-open": 7,
        "guest-file-write": {"count": len(SHORT), "eof": False},
        "guest-file-flush": {},
        "guest-file-close": {},
        "guest-file-read": read_back(SHORT),
    }
    return running


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def read_back(data: bytes) -> Callable[[], dict[str, Any]]:
    """Answer once with bytes, and then that there are no more."""
    left = [data]
    return lambda: {"buf-b64": encoded(left.pop() if left else b""), "count": 1, "eof": False}


def test_an_agent_that_does_all_of_it_is_asked_for_nothing_else(liar: Voiced) -> None:
    assert sent(liar, SHORT).endswith("/a file")
    ran = ["guest-exec", "guest-exec-status"]
    written = [f"guest-file-{what}" for what in ("open", "write", "flush", "close")]
    compared = [f"guest-file-{what}" for what in ("open", "read", "read", "close")]
    checked = ["guest-get-fsinfo", "guest-info", "guest-fsfreeze-status", "guest-get-osinfo"]
    assert liar.voice.asked == [*checked, *ran, *ran, *written, *compared]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("guest-info", {}),
        ("guest-info", {"supported_commands": [1]}),
        ("guest-info", {"supported_commands": [{"name": "guest-exec", "enabled": "true"}]}),
        ("guest-info", {"supported_commands": [{"name": "a", "enabled": True}] * 1001}),
        ("guest-info", {"supported_commands": "x" * LONGEST_ANSWER}),
        ("guest-info", Error("\x1b[31mno" * 9000)),
        ("guest-fsfreeze-status", "frozen"),
        ("guest-fsfreeze-status", {"thawed": True}),
        ("guest-get-osinfo", {"id": "mswindows"}),
        ("guest-get-osinfo", ["debian"]),
        ("guest-exec", {"pid": "5"}),
        ("guest-exec-status", {"exited": True, "exitcode": 0}),
        ("guest-exec-status", {"exited": 1}),
        ("guest-exec-status", {"exited": False}),
        ("guest-exec-status", {"exited": True, "exitcode": 0, "out-data": "?"}),
    ],
)
def test_an_answer_that_makes_no_sense_is_a_refusal(
    liar: Voiced, command: str, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_of_guest, "PAUSES", (0.0, 0.0))
    liar.voice.answers[command] = answer
    error = refused(liar, None, data=SHORT)
    assert 0 < len(error.message) < 5000
    assert "guest-file-open" not in liar.voice.asked


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("guest-file-open", "7"),
        ("guest-file-open", True),
        ("guest-file-write", {"count": 2}),
        ("guest-file-write", {"count": 4}),
        ("guest-file-write", {}),
        ("guest-file-flush", Error("no room")),
        ("guest-file-close", Error("no room")),
        ("guest-file-read", {"buf-b64": "", "eof": True}),
        ("guest-file-read", {"buf-b64": encoded(b"ab"), "eof": True}),
        ("guest-file-read", {"buf-b64": encoded(b"abd")}),
        ("guest-file-read", {"buf-b64": encoded(b"abca")}),
        ("guest-file-read", {"buf-b64": encoded(bytes(PART + 1))}),
        ("guest-file-read", {"buf-b64": "=!"}),
        ("guest-file-read", {"count": 3}),
    ],
)
def test_a_file_that_is_not_what_was_sent_is_removed(
    liar: Voiced, command: str, answer: Any
) -> None:
    liar.voice.answers[command] = answer
    error = refused(liar, None, data=SHORT)
    assert not error.cancelled
    assert liar.voice.asked[-2:] == ["guest-exec", "guest-exec-status"]


def test_who_waits_for_an_operation_can_give_up(liar: Voiced) -> None:
    """An operation on the domain goes first; nothing was asked of the agent by then."""
    over = threading.Event()

    async def around(worker: Worker, putting: Awaitable[str]) -> str:
        operation = worker.changes.call(over.wait, key=liar.key)
        try:
            return await putting
        finally:
            over.set()
            await operation

    error = refused(liar, "Cancelled", tell=giving_up(Phase.WAITING, 0), around=around)
    assert error.cancelled
    assert liar.voice.asked == ["guest-get-fsinfo"]
