"""What the terminal is told when an operation ends."""

from __future__ import annotations

import pytest

from snaptui.config import Noticing
from snaptui.ui.terminal.notices import MOST, Notices

NOTICE, BELL = "\x1b]9;snaptui: web: done\x1b\\", "\a"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("TERM", "xterm-256color")
    return []


@pytest.mark.parametrize(
    ("wanted", "took", "expected"),
    [
        (Noticing(), 10.0, [NOTICE, BELL]),
        (Noticing(), 9.9, []),
        (Noticing(after=0), 0.0, [NOTICE, BELL]),
        (Noticing(bell=False), 60.0, [NOTICE]),
        (Noticing(notify=False), 60.0, [BELL]),
        (Noticing(bell=False, notify=False), 60.0, []),
    ],
)
def test_only_what_took_long_is_told(
    wanted: Noticing, took: float, expected: list[str], sent: list[str]
) -> None:
    Notices(wanted, sent.append).ended("web: done", took)
    assert sent == expected


def test_the_title_is_told_once_and_given_back(sent: list[str]) -> None:
    notices = Notices(Noticing(), sent.append)
    for words in ("kvm7", "kvm7", "web: 4 %"):
        notices.entitle(words)
    notices.close()
    notices.close()
    assert sent == [
        "\x1b[22;2t\x1b]2;snaptui: kvm7\x1b\\",
        "\x1b]2;snaptui: web: 4 %\x1b\\",
        "\x1b[23;2t",
    ]


def test_without_a_title_nothing_is_given_back(sent: list[str]) -> None:
    notices = Notices(Noticing(title=False), sent.append)
    notices.entitle("kvm7")
    notices.close()
    assert sent == []


@pytest.mark.parametrize("term", ["linux", "dumb", None])
def test_a_console_is_only_rung(
    term: str | None, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM") if term is None else monkeypatch.setenv("TERM", term)
    notices = Notices(Noticing(), sent.append)
    notices.entitle("kvm7")
    notices.ended("web: done", 60.0)
    notices.close()
    assert sent == [BELL]


def test_what_is_told_is_bounded(sent: list[str]) -> None:
    Notices(Noticing(bell=False), sent.append).ended("x" * 9999, 60.0)
    assert len(sent[0]) < MOST + 10
