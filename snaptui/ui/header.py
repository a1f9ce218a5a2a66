"""The first line: a host, how full it is, and how the connection is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from snaptui.common import text
from snaptui.model.image import FileSystem
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState, Link
from snaptui.ui.format import Glyphs, bar, clean, cut, link_style
from snaptui.ui.status_lines import FULL, STYLES, states_words

if TYPE_CHECKING:
    from snaptui.fleet import Summary

SHORTEST = 14
"""Cells that the name of the host keeps."""
LEVELS = (4, 3, 2, 1, 0)
"""How much is said: from all of it to how full alone."""
MOUNT = 16
"""Cells that the name of a file system gets at most."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What else is said of the screen and of all hosts.

    Attributes:
        sign_in: the key to sign in, if the host needs that.
        faulty: whether what is shown may be out of date by a fault of our own.
        marked: how many domains are marked.
        hosts: all that are looked at; of one alone nothing is said.
        called: this one, as people call it.
    """

    hosts: Summary
    sign_in: str = ""
    read_only: bool = False
    demo: bool = False
    faulty: bool = False
    marked: int = 0
    called: str = ""


def host_line(
    state: HostState, fullest: Fullest, held: int, signs: Signs, width: int, glyphs: Glyphs
) -> Text:
    """Host, number of domains, how full, and how the connection is.

    Args:
        fullest: of the file systems and devices with images.
        held: bytes that snapshots are known to take there; others may take more.
    """
    right = _right(state, signs)
    names = _names(state, signs, glyphs)
    room = width - right.cell_len - 2
    name, figures = _fitting(
        names, tuple(_figures(state, fullest, held, signs.marked, glyphs)), room
    )
    name = cut(name, max(SHORTEST, room - figures.cell_len), glyphs)
    line = Text(f" {name}", "bold").append_text(figures)
    if line.cell_len > room + 1:
        line.truncate(max(0, room))
        line.append(glyphs.more)
    line.append(" " * max(1, width - line.cell_len - right.cell_len))
    return line.append_text(right)


def _fitting(names: Sequence[str], figures: Sequence[Text], room: int) -> tuple[str, Text]:
    """The most that there is room for; the end of a long name goes before figures do."""
    for all_of, line in zip(LEVELS, figures, strict=True):
        for name in names if all_of > 2 else names[-1:]:
            if len(name) + line.cell_len <= room:
                return name, line
        if all_of < 3 and SHORTEST + line.cell_len <= room:
            return names[-1], line
    return names[-1], figures[-1]


def _names(state: HostState, signs: Signs, glyphs: Glyphs) -> tuple[str, ...]:
    """What the host can be called by, the longest first."""
    if signs.demo:
        return ("demo",)  # its URI is long, and stands in the dialogs' virsh lines
    if signs.hosts.hosts > 1:
        return (clean(signs.called, glyphs),)
    if state.host is None:
        return ("",)
    uri, name = clean(state.host.label, glyphs), clean(state.host.hostname or "", glyphs)
    return (f"{name}  {uri}", name) if name else (uri,)


def _right(state: HostState, signs: Signs) -> Text:
    link = state.link.value
    if state.link is not Link.CONNECTED and state.answered:
        link += f", as of {int(time.monotonic() - state.answered)} s ago"
        tries = state.link is Link.REFUSED
        ask = f": {signs.sign_in} tries again" if tries else f": press {signs.sign_in}"
        link += {Link.LOST: ", retrying", Link.SIGN_IN: ask, Link.REFUSED: ask}.get(state.link, "")
    right = Text("DEMO  " * signs.demo + "READ-ONLY  " * signs.read_only, "bold")
    right.append("FAULT  " * signs.faulty, STYLES["bad"])
    right.append(f"{link} ", STYLES[link_style(state.link)])
    if signs.hosts.hosts > 1:
        right.append_text(_others(signs.hosts))
    return right


def _others(hosts: Summary) -> Text:
    """How many hosts there are, and how many of them cannot be seen."""
    line = Text(f"  {hosts.hosts} hosts")
    if hosts.away:
        line.append(f", {hosts.away} away", STYLES["bad"])
    if hosts.connecting:
        line.append(f", {hosts.connecting} connecting")
    return line.append(" ")


def _figures(
    state: HostState, fullest: Fullest, held: int, marked: int, glyphs: Glyphs
) -> Iterator[Text]:
    """Number of domains, and how full; each time there is less of it."""
    states = ", ".join(states_words(state.domains.values(), "on"))
    for all_of in LEVELS:
        line = Text()
        if state.loaded:
            number = len(state.domains)
            line.append(f"  {text.count(number, 'domain') if all_of else number}")
            line.append(f", {states}" if all_of > 1 else "")
            line.append(f", {marked} marked" if marked else "", "bold")
        if (space := fullest.space) is not None:
            style = STYLES["bad"] if space.free / space.size < FULL else ""
            line.append(f"   {_full_words(fullest, space, held, all_of, glyphs)}", style)
        yield line


def _full_words(fullest: Fullest, space: FileSystem, held: int, all_of: int, glyphs: Glyphs) -> str:
    """How full the fullest is; another one, which is not known, may be fuller."""
    share = 1 - space.free / space.size
    name = cut(clean(space.name, glyphs), MOUNT, glyphs)
    cells = 10 if all_of > 3 else 8 if all_of > 1 else 0
    picture = bar((share,), cells, glyphs) + " " * bool(cells)
    full = f"{name} {picture}{'>= ' * bool(fullest.missing)}{share * 100:.0f} %"
    if all_of < 2:
        return f"{full} full" if all_of else full
    full += f"  {text.tiny_size(space.free)} free"
    if held and all_of > 2:
        full += f", >={text.tiny_size(held)} snaps"
    if fullest.missing and all_of > 3:
        full += f" ({fullest.missing} of {fullest.places} not known)"
    return full
