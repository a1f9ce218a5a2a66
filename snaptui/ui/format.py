"""From model to cells: every string that is not ours passes through here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from snaptui.common import shell, text
from snaptui.model.disk import Presence
from snaptui.model.domain import Domain, DomainState
from snaptui.model.hold_mark import hold_of
from snaptui.model.image import NotKnown
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.monitor.host import Link
from snaptui.storage.costs import Cost
from snaptui.ui.snapshot_graph import Row, RowKind


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that are not letters; ``bar`` has those of a bar, the darkest first,
    ``levels`` those of a row of bars, the lowest first."""

    cursor: str
    snapshot: str
    current: str
    here: str
    held: str
    held_current: str
    marked: str
    unmanaged: str
    overlay: str
    unreadable: str
    broken: str
    unread: str
    more: str
    unseen: str
    folded: str
    unfolded: str
    sorted: str
    well: str
    ill: str
    bar: str
    levels: str
    graph: dict[int, str]

    @property
    def ascii(self) -> bool:
        """Whether only ASCII may be drawn."""
        return self.more.isascii()


UNICODE = Glyphs(
    "▌",
    "○",
    "●",
    "@",
    "◇",
    "◆",
    "✓",
    "□",
    "≡",
    "!",
    "✗",
    "·",
    "…",
    "\N{REPLACEMENT CHARACTER}",
    "▸",
    "▾",
    "▾",
    "✔",
    "✘",
    "█▒░",
    "▁▂▃▄▅▆▇█",
    {},
)
ASCII = Glyphs(
    ">",
    "o",
    "*",
    "@",
    "h",
    "H",
    "x",
    "-",
    "=",
    "!",
    "%",
    ".",
    "~",
    "?",
    "+",
    "-",
    "v",
    "*",
    "!",
    "#=.",
    "_.:-=+*#",
    str.maketrans({"│": "|", "├": "|", "┌": ".", "─": "-"}),
)


def clean(raw: str, glyphs: Glyphs = UNICODE) -> str:
    """A string of others as it may be shown with these glyphs: on one line, literally."""
    return text.literal(raw, ascii_only=glyphs.ascii)


def seen(raw: str, glyphs: Glyphs) -> str:
    """A string of others with a mark in the place of each character that may not be shown.

    For fields, in which each character keeps its place; tabs stay.
    """
    return "".join(
        glyphs.unseen
        if char not in " \t" and (text.invisible(char) or (glyphs.ascii and not char.isascii()))
        else char
        for char in raw
    )


def pasteable(line: str, glyphs: Glyphs) -> str:
    """A line for a shell as it may be shown with these glyphs: what is pasted does the same."""
    return clean(shell.spelled_out(line) if glyphs.ascii else line, glyphs)


def fit(shown: str, width: int, glyphs: Glyphs, *, right: bool = False) -> str:
    """``shown`` cut or padded to exactly ``width`` terminal cells."""
    if width <= 0:
        return ""
    length = cell_len(shown)
    if length > width:
        return set_cell_size(shown, width - 1) + glyphs.more
    return " " * (width - length) + shown if right else shown + " " * (width - length)


def cut(shown: str, width: int, glyphs: Glyphs) -> str:
    """``shown`` without its middle where it has more than ``width`` terminal cells.

    Names of one kind often differ at their ends.
    """
    if cell_len(shown) <= width:
        return shown
    after = max(0, width - 1) // 3
    end = ""
    for char in reversed(shown):
        if cell_len(char + end) > after:
            break
        end = char + end
    end = end if end and cell_len(end[0]) else ""
    return fit(shown, width - cell_len(end), glyphs) + end


def with_short_hosts(shown: str, hosts: Iterable[str], width: int, glyphs: Glyphs) -> str:
    """A line in so many cells as far as shorter names of hosts make room for the rest of it."""
    for host in sorted(hosts, key=len, reverse=True):
        over = cell_len(shown) - width
        times = shown.count(host)
        if over <= 0:
            break
        if times and cell_len(host) > SHORT_HOST:
            each = max(SHORT_HOST, cell_len(host) - -(-over // times))
            shown = shown.replace(host, cut(host, each, glyphs))
    return shown


SHORT_HOST = 12
"""Cells of a host's name that is cut for the sake of what stands behind it."""


def fit_name(shown: str, width: int, glyphs: Glyphs) -> str:
    """A name in exactly so many cells; of a long one both ends are there."""
    return fit(cut(shown, width, glyphs), width, glyphs)


def bar(shares: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """Shares of a whole side by side, in the order of the glyphs; the last one takes the rest.

    Args:
        shares: 0 to 1 each, one less than there are glyphs at most.
    """
    shown, begun = "", 0.0
    for share, glyph in zip(shares, glyphs.bar, strict=False):
        begun += share
        shown += glyph * (round(begun * width) - len(shown))
    return shown + glyphs.bar[-1] * (width - len(shown))


def state_words(domain: Domain) -> str:
    """A domain's state with its reason (``paused: I/O error``)."""
    return f"{domain.state.value}: {domain.why}" if domain.why else domain.state.value


def state_style(state: DomainState) -> str:
    """The role in which a state is drawn."""
    if state is DomainState.RUNNING:
        return "good"
    if state in (DomainState.PAUSED, DomainState.PMSUSPENDED, DomainState.SHUTDOWN):
        return "warn"
    if state in (DomainState.CRASHED, DomainState.BLOCKED):
        return "bad"
    return "muted"


def link_style(link: Link) -> str:
    """The role in which the state of the connection is drawn."""
    if link is Link.CONNECTED:
        return "good"
    return "muted" if link is Link.CONNECTING else "bad"


def short_age(moment: int | None, now: float) -> str:
    """The same as :func:`text.age` in some four cells (``21d``); empty when not known."""
    if moment is None:
        return ""
    try:
        seconds = max(0, int(now - moment))
    except OverflowError:
        return ""
    if seconds >= 1_000 * 86_400:
        return f"{seconds // 31_557_600}y"
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def holds(snapshot: Snapshot) -> str:
    """What a revert brings back, with a letter for the kind (``I disk+RAM``)."""
    letter = {Kind.INTERNAL: "I", Kind.EXTERNAL: "E", Kind.MIXED: "M", Kind.NONE: "-"}
    has_disks = any(disk.presence is not Presence.NO for disk in snapshot.disks)
    parts = ["disk"] * has_disks + ["RAM"] * snapshot.has_memory
    return f"{letter[snapshot.kind]} {'+'.join(parts) or 'nothing'}"


def state_of(snapshot: Snapshot) -> str:
    """The recorded state in the words of the screen."""
    return {"disk-snapshot": "disk-only"}.get(snapshot.state, snapshot.state)


def size_or_mark(size: int | NotKnown) -> str:
    """A size, or ``?``; nothing for none at all."""
    if isinstance(size, NotKnown):
        return "?"
    return text.size(size) if size else ""


def written(cost: Cost | NotKnown, size: Callable[[int], str] = text.tiny_size) -> str:
    """What a snapshot made its images grow by; in brackets the disk as it was at first."""
    if isinstance(cost, NotKnown) or isinstance(cost.written, NotKnown):
        return "?"
    shown = f"{'~' * cost.approximate}{size(cost.written)}"
    return f"({shown})" if cost.oldest else shown


def frees(cost: Cost | NotKnown, size: Callable[[int], str] = text.tiny_size) -> str:
    """What the host has back when a snapshot is deleted: :attr:`Cost.reclaim`.

    In brackets where the image perhaps keeps it.
    """
    if isinstance(cost, NotKnown) or isinstance(cost.reclaim, NotKnown):
        return "?"
    shown = f"{'~' * cost.approximate}{size(cost.reclaim)}"
    return shown if cost.given_back else f"({shown})"


def added(since: int, size: Callable[[int], str] = text.tiny_size) -> str:
    """What was written since, as an addition."""
    return f"+{size(since)}"


def mark(row: Row, glyphs: Glyphs) -> str:
    """The graph and the mark in front of a row's name."""
    marks = {
        RowKind.SNAPSHOT: glyphs.snapshot,
        RowKind.CURRENT: glyphs.current,
        RowKind.UNREAD: glyphs.unread,
        RowKind.UNREADABLE: glyphs.unreadable,
        RowKind.BROKEN: glyphs.broken,
        RowKind.HERE: glyphs.here,
        RowKind.UNMANAGED: glyphs.unmanaged,
        RowKind.OVERLAY: glyphs.overlay,
    }
    shown = marks[row.kind]
    if row.snapshot is not None and hold_of(row.snapshot) is not None:
        shown = glyphs.held_current if row.kind is RowKind.CURRENT else glyphs.held
    return row.prefix.translate(glyphs.graph) + shown
