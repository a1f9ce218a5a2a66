"""The first line: how full the fullest is, where not all are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from snaptui.fleet import Summary
from snaptui.model.domain import Domain, DomainKey, DomainState
from snaptui.model.host import Host
from snaptui.model.image import FileSystem
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState, Link
from snaptui.monitor.images import ImagesState
from snaptui.ui.format import ASCII, UNICODE, Glyphs, cut
from snaptui.ui.header import Signs, host_line
from snaptui.ui.panes.host_details import host_lines
from snaptui.ui.panes.host_rows import ListedHost
from snaptui.ui.status_lines import heading_figures

SPACE = FileSystem("/img", 100 << 30, 10 << 30, 0, "/img")
ONE = Signs(hosts=Summary(1, 0, 0))
HOST = Host("qemu:///system", "qemu:///system", "kvm03", "QEMU", (9, 0, 0), (7, 2, 0), True, False)
DOMAINS = {
    DomainKey("h", str(at)): Domain(
        DomainKey("h", str(at)), f"d{at}", DomainState.RUNNING if at < 6 else DomainState.SHUTOFF
    )
    for at in range(63)
}
STATE = HostState(HOST, Link.CONNECTED, loaded=True, domains=DOMAINS)


NOTHING = HostState()


def line(
    fullest: Fullest,
    width: int,
    state: HostState = NOTHING,
    *,
    held: int = 0,
    signs: Signs = ONE,
    glyphs: Glyphs = UNICODE,
) -> str:
    shown = host_line(state, fullest, held, signs, width, glyphs)
    assert shown.cell_len == width
    return shown.plain


@pytest.mark.parametrize(
    ("fullest", "wide", "narrow"),
    [
        (Fullest(SPACE, 0, 2), "/img █████████░ 90 %  10G free", "/img 90 %"),
        (
            Fullest(SPACE, 1, 3),
            "/img █████████░ >= 90 %  10G free (1 of 3 not known)",
            "/img >= 90 %",
        ),
    ],
)
def test_it_is_never_said_of_all_what_is_known_of_some(
    fullest: Fullest, wide: str, narrow: str
) -> None:
    assert wide in line(fullest, 140)
    assert narrow in line(fullest, 34)


def test_what_is_not_known_at_all_is_not_said() -> None:
    assert "%" not in line(Fullest(None, 2, 2), 140)


def test_at_80_columns_it_is_all_in_one_line() -> None:
    assert line(Fullest(SPACE), 80, STATE, held=5 << 30) == (
        " kvm03  63 domains, 6 on   /img ███████░ 90 %  10G free, >=5.0G snaps connected "
    )
    assert line(Fullest(SPACE), 120, STATE).startswith(" kvm03  qemu:///system  63 domains")


def test_a_paused_guest_is_not_counted_as_running() -> None:
    stopped = (DomainState.PAUSED, DomainState.PAUSED, DomainState.CRASHED, DomainState.SHUTDOWN)
    domains = dict(DOMAINS)
    for (key, one), other in zip(DOMAINS.items(), stopped, strict=False):
        domains[key] = replace(one, state=other)
    state = replace(STATE, domains=domains)
    assert " 63 domains, 3 on, 2 paused, 1 crashed " in line(Fullest(SPACE), 120, state)
    words = "63 domains, 3 running, 2 paused, 1 crashed"
    assert heading_figures(state, Fullest(SPACE), 60) == f"{words}, 90 % full"
    assert heading_figures(state, Fullest(SPACE), 40) == "63 domains, 3 running, 90 % full"
    listed = ListedHost("h", "kvm03", state, ImagesState(), Fullest(SPACE))
    assert ("Domains", "63, 3 running, 2 paused, 1 crashed") in host_lines(listed)


def test_how_full_it_is_stays_where_a_name_is_cut() -> None:
    long = replace(STATE, host=replace(HOST, hostname="a-very-long-name-of-a-host.example.org"))
    shown = line(Fullest(SPACE), 60, long)
    assert "90 %" in shown
    assert "…" in shown


@given(st.text(min_size=1), st.integers(1, 120), st.sampled_from([UNICODE, ASCII]))
def test_a_name_is_cut_in_its_middle(name: str, width: int, glyphs: Glyphs) -> None:
    found = cut(name, width, glyphs)
    assert cell_len(found) <= width
    assert found == name or glyphs.more in found


def test_both_ends_of_a_name_can_be_read() -> None:
    assert cut("safety-20261129T101112Z-pre-upgrade", 20, UNICODE) == "safety-202611…pgrade"
    assert cut("日本語日本語", 5, UNICODE) == "日本…"
