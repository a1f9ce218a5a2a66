"""What a guest's agent may say, and what comes of it: errors in words, and nothing left frozen.

It speaks at libvirt's own socket; nothing that it says here harms libvirt.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from snaptui.backend.virt import guest_agent
from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.errors import LONGEST, translated
from snaptui.common.errors import HostError, SnaptuiError
from snaptui.common.text import invisible
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form
from snaptui.model.guest_agent import AgentState
from snaptui.plan.plan import CreateIntent, ThawIntent
from snaptui.plan.planner import make_plan
from snaptui.ui.format import clean
from tests.agent import Error, Silence, Voiced, voiced
from tests.conftest import one_lab
from tests.guest import Guest, skip_without
from tests.lab import Lab
from tests.live.test_frozen_together import guards

LINES = "\x1b[31mred\x1b]0;title\x07 \u202egpj.exe\u200b\r\nnext"
FREEZE, THAW, LIST = "guest-fsfreeze-freeze", "guest-fsfreeze-thaw", "guest-get-fsinfo"


@pytest.fixture(scope="module")
def running() -> Iterator[Voiced]:
    """One on a daemon of its own, for all that goes on answering."""
    skip_without()
    for lab in one_lab():
        with voiced(lab) as one:
            yield one


@pytest.fixture
def guest(running: Voiced) -> Voiced:
    """The same as if it had just come up."""
    running.voice.forget()
    running.until_it_answers()
    running.voice.asked.clear()
    return running


@pytest.fixture
def own_guest(lab: Lab) -> Iterator[Voiced]:
    """One for a single test, in which it falls silent."""
    skip_without()
    with voiced(lab) as one:
        yield one


@pytest.fixture
def backend(guest: Voiced) -> Iterator[LibvirtBackend]:
    with connected(guest.lab) as made:
        yield made


@pytest.fixture
def own_backend(own_guest: Voiced) -> Iterator[LibvirtBackend]:
    with connected(own_guest.lab) as made:
        yield made


@contextmanager
def connected(lab: Lab) -> Iterator[LibvirtBackend]:
    made = LibvirtBackend(lab.uri)
    made.connect()
    try:
        yield made
    finally:
        made.abandon()


def mounted(*places: Any) -> list[dict[str, Any]]:
    return [{"name": "vda", "mountpoint": place, "type": "ext4", "disk": []} for place in places]


def silence() -> None:
    raise Silence


@pytest.mark.parametrize(
    "answer",
    ["many", [], {"a": 1}, None, 1.5, True, -1, Error(LINES), Error("x" * 60000), Error("")],
    ids=["text", "list", "object", "null", "part", "true", "below zero", "lines", "long", "empty"],
)
def test_a_strange_answer_to_a_freeze_is_an_error_and_leaves_no_guard(
    guest: Voiced, backend: LibvirtBackend, answer: Any
) -> None:
    daemon = guest.lab.daemon.pid
    guest.voice.answers[FREEZE] = answer
    with pytest.raises(SnaptuiError) as failed:
        backend.freeze(guest.key)
    assert 0 < len(failed.value.message) <= LONGEST
    assert not any(map(invisible, clean(failed.value.message)))
    assert isinstance(answer, Error) or THAW in guest.voice.asked, "it may be frozen all the same"
    assert guards() == []
    assert guest.lab.daemon.pid == daemon
    assert backend.status(guest.key).domain.name == guest.name


def test_a_freeze_of_nothing_is_none(guest: Voiced, backend: LibvirtBackend) -> None:
    """Nothing is taken that would be said to be of one moment."""
    guest.voice.answers[FREEZE] = 0
    with pytest.raises(HostError, match="froze no file system"):
        backend.freeze(guest.key)
    assert guest.voice.asked[-2:] == [FREEZE, THAW], "in case that is not true"
    assert guards() == []


def test_a_thaw_of_nothing_is_said(guest: Voiced, backend: LibvirtBackend) -> None:
    guest.voice.answers[THAW] = 0
    backend.freeze(guest.key)
    with pytest.raises(HostError, match="not frozen any more"):
        backend.thaw(guest.key)
    assert guards() == []


def test_counts_that_do_not_agree_are_nothing_that_is_relied_on(
    guest: Voiced, backend: LibvirtBackend
) -> None:
    guest.voice.answers[FREEZE], guest.voice.answers[THAW] = 2**31 - 1, 1
    backend.freeze(guest.key)
    backend.thaw(guest.key)
    assert guards() == []


@pytest.mark.parametrize(
    "answer",
    [
        mounted(LINES, "/", "\x1b]52;c;aGk=\x07"),
        mounted("/" + "x" * 60000),
        mounted(*(f"/{number}" for number in range(500))),
        mounted("/", "/", "/"),
        mounted(7),
        [{}],
        "none",
        {"mountpoint": "/"},
        Error(LINES),
        Error("x" * 60000),
    ],
    ids=[
        "lines", "long", "many", "the same", "number", "empty", "text", "object", "refused",
        "refused at length",
    ],
)  # fmt: skip
def test_what_it_says_of_its_file_systems_is_words_in_a_dialog(
    guest: Voiced, backend: LibvirtBackend, answer: Any
) -> None:
    guest.voice.answers[LIST] = answer
    intent = CreateIntent(guest.key, "a", "", Form.DISK_ONLY, quiesce=True)
    facts = read_facts(backend, backend.connect(), intent)
    assert facts.agent is not None
    assert facts.agent.state in (AgentState.ANSWERS, AgentState.UNKNOWN)
    assert (facts.agent.state is AgentState.UNKNOWN) == bool(facts.agent.reason)
    assert len(facts.agent.reason) <= LONGEST
    plan = make_plan(intent, facts)
    after = plan.after.words
    assert plan.possible is (facts.agent.state is AgentState.ANSWERS)
    said = [one.words for one in plan.refusals]
    said += [one.words for one in (*plan.warnings, *plan.notes)]
    assert all(len(words) < 2 * LONGEST for words in said)
    assert not any(map(invisible, clean("".join((*said, after)))))


def test_an_agent_that_calls_itself_frozen_is_believed_and_only_thawed(
    guest: Voiced, backend: LibvirtBackend
) -> None:
    """That it is not frozen comes out then; nothing else is done to it."""
    guest.voice.answers[LIST] = Error("the agent is in frozen state")
    guest.voice.answers[THAW] = 0
    facts = read_facts(backend, backend.connect(), ThawIntent(guest.key))
    assert facts.agent is not None
    assert facts.agent.state is AgentState.FROZEN
    plan = make_plan(ThawIntent(guest.key), facts)
    assert [step.words for step in plan.steps] == ["thaw its file systems"]
    with pytest.raises(HostError, match="not frozen any more"):
        backend.thaw(guest.key)


def test_one_that_never_answers_holds_up_no_other_domain(
    own_guest: Voiced, own_backend: LibvirtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, backend = own_guest, own_backend
    monkeypatch.setattr(guest_agent, "PATIENCE", 0.5)
    other = guest.lab.define("other", running=True)
    guest.voice.answers[LIST] = silence
    found = backend.agent(guest.key)
    assert (found.state, found.mounts) == (AgentState.SILENT, ())
    assert backend.status(other).domain.state.active
    guest.lab.snapshot("other", "a")
    assert backend.snapshot_names(other) == ("a",)
    assert backend.agent(guest.key).state is AgentState.SILENT, "it still owes the first answer"
    guest.voice.close()
    until(lambda: "said nothing" not in backend.agent(guest.key).reason, "its end to be noticed")


def test_of_a_group_one_that_never_answers_leaves_none_frozen(
    own_guest: Voiced, tmp_path: Path
) -> None:
    """The other waits four seconds for it, is thawed, and nothing is taken."""
    guest, lab = own_guest, own_guest.lab
    honest = Guest(lab, 1)
    guest.voice.answers[FREEZE] = silence
    words = [lab.uri, str(tmp_path), "0", "", honest.key.uuid, guest.key.uuid]
    command = [sys.executable, "-m", "tests.live.together", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: thawed(honest), "the other to be thawed")
            assert process.poll() is None, "no timer says what became of a call"
            guest.voice.close()
            told, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert [line.split()[1] for line in told.splitlines()] == ["failed", "failed"]
    assert f"all-or-nothing. Not ready: {guest.name}" in told
    assert lab.snapshots(honest.name) == lab.snapshots(guest.name) == []
    assert not honest.frozen
    lab.destroy(guest.name)  # it may have been frozen: the guard goes on trying
    until(lambda: guards() == [], "the guard to end")


def thawed(guest: Guest) -> bool:
    """Whether it was frozen once, and is not any more; a frozen one runs no command."""
    try:
        return guest.freezes == ["freeze", "thaw"]
    except AssertionError:
        return False


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.parametrize("size", [LONGEST, LONGEST + 1, 1 << 22])
def test_an_error_of_any_length_is_kept_in_part_and_without_its_secrets(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = libvirt.libvirtError("no")
    said = f"no: http://user:hunter2@h/ {'x' * size} passwd=hunter3"
    monkeypatch.setattr(error, "get_error_message", lambda: said)
    message = translated(error).message
    assert len(message) <= LONGEST
    assert message.startswith("no: http")
    assert "hunter" not in message
