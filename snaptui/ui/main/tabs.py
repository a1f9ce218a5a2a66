"""The tabs of the details: what they show of what is selected, read when the cursor rests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.common.errors import SnaptuiError
from snaptui.common.masking import masked
from snaptui.model.domain import DomainConfig, DomainKey
from snaptui.ui.panes.tabs import Tab

if TYPE_CHECKING:
    from textual.timer import Timer

    from snaptui.model.operation_record import Record
    from snaptui.session import Session
    from snaptui.ui.context import Context
    from snaptui.ui.main.panes import Panes
    from snaptui.ui.panes.lines import Line

WIDTH, HEIGHT = 120, 18
"""Columns and lines of a screen from which on the details have tabs (so in the style sheet)."""
REST = 0.15
"""Seconds that the cursor rests before something is read for it."""
READING: tuple[Line, ...] = (("", "reading ..."),)


@dataclass(frozen=True, slots=True)
class About:
    """What a tab is to show.

    Attributes:
        name: of the snapshot; ``None`` for the domain as it is now.
        current: name of the domain's current snapshot; empty without, or when it is not known.
        version: another one when there is something else to read.
    """

    tab: Tab
    key: DomainKey
    name: str | None
    current: str
    version: tuple[object, ...]


class Tabs:
    """Which tab is chosen, and its lines.

    Args:
        begin: has :meth:`read` called in the background, and the details drawn after it.

    Attributes:
        chosen: the tab.
    """

    def __init__(self, context: Context, panes: Panes, begin: Callable[[About], object]) -> None:
        self._context = context
        self._panes = panes
        self._begin = begin
        self._asked: About | None = None
        self._known: tuple[About, tuple[Line, ...]] | None = None
        self._timer: Timer | None = None
        self.chosen = Tab.SUMMARY

    @property
    def there(self) -> bool:
        """Whether the screen has room for tabs."""
        size = self._panes.details.screen.size
        return size.width >= WIDTH and size.height >= HEIGHT

    def step(self, by: int) -> None:
        """Choose the next tab (1), or the one before (-1)."""
        every = list(Tab)
        self.chosen = every[(every.index(self.chosen) + by) % len(every)]

    def lines(self) -> tuple[Line, ...] | None:
        """The lines of the tab; ``None`` where the summary is shown."""
        about = self._about()
        if about is None:
            return None
        if self._known is not None and self._known[0] == about:
            return self._known[1]
        if self._asked != about:
            self._asked = about
            if self._timer is not None:
                self._timer.stop()
            self._timer = self._panes.details.set_timer(REST, lambda: self._begin(about))
        same = self._known is not None and _same(self._known[0], about)
        return self._known[1] if self._known is not None and same else READING

    async def read(self, about: About) -> None:
        """Read what a tab shows; an error is a line of it."""
        session = self._context.fleet.session(about.key.host)
        try:
            lines = await _read(session, about)
        except SnaptuiError as error:
            lines = (("Error", f"{error.title}: {error.message}"),)
        if about == self._asked:
            self._known = about, lines

    def _about(self) -> About | None:
        """What is selected, if there is more than a summary to show of it."""
        panes, session = self._panes, self._context.session
        if self.chosen is Tab.SUMMARY or not self.there or panes.domain is None:
            return None
        key, shown, row = panes.domain.key, session.snapshots.shown, panes.row
        known = shown if shown is not None and shown.key == key else None
        snapshots = known.snapshots if known is not None else None
        current = (snapshots.current or "") if snapshots is not None else ""
        config = known.config.digest if known is not None and known.config is not None else ""
        version: tuple[object, ...] = (config,)
        name: str | None = None
        if known is not None and row is not None and not panes.on_domains:
            if row.name is not None and row.snapshot is None:
                return None
            name = row.name
            version = (config, row.snapshot.digest if row.snapshot is not None else "")
        if self.chosen is Tab.HISTORY:
            done = tuple(one.phase for one in session.operations.all.values())
            version = (done, len(session.sights.of(key)))
        return About(self.chosen, key, name, current, version)


def _same(one: About, other: About) -> bool:
    """Whether it is of the same, and may be shown until it has been read again."""
    return (one.tab, one.key, one.name) == (other.tab, other.key, other.name)


async def _read(session: Session, about: About) -> tuple[Line, ...]:
    if about.tab is Tab.XML:
        return await xml_lines(session, about.key, about.name)
    if about.tab is Tab.CONFIG:
        return await _config_lines(session, about)
    earlier = await session.operations.records.past()
    return tuple(_history_lines(session, about, earlier))


async def xml_lines(session: Session, key: DomainKey, name: str | None) -> tuple[Line, ...]:
    """The XML of a snapshot, or of the domain as it is now (``None``), without its secrets.

    Raises:
        SnaptuiError: it cannot be read.
    """
    backend = session.backend
    if name is None:
        xml = await session.read(lambda: backend.domain_xml(key), key)
    else:
        xml = await session.read(lambda: backend.snapshot_xml(key, name), key)
    return tuple(("", masked(line)) for line in xml.rstrip("\n").split("\n"))


async def _config_lines(session: Session, about: About) -> tuple[Line, ...]:
    """The definition, and what of it is otherwise now than at the snapshot, or the current one."""
    from snaptui.ui.panes.comparison import change_lines

    key, backend = about.key, session.backend
    name = about.name if about.name is not None else about.current
    if about.name is not None:
        snapshot = await session.read(lambda: backend.snapshot(key, name), key)
        config = snapshot.config
    else:
        config = await session.read(lambda: backend.config(key), key)
    lines: tuple[Line, ...] = (("", "libvirt notes no definition of this snapshot."),)
    if config is not None:
        lines = tuple(definition_lines(config))
    if not name:
        return lines
    changes = await session.read(lambda: backend.config_changes(key, name), key)
    return (*lines, *((one.label, one.words) for one in change_lines(changes, name)))


def definition_lines(config: DomainConfig) -> Iterator[Line]:
    """What a domain is made of."""
    yield "Memory", text.size(config.memory)
    if config.machine is not None:
        yield "Machine", f"{config.machine.type}, {config.machine.arch}"
    if config.firmware is not None:
        yield "Firmware", config.firmware
    if config.varstore is not None:
        yield "UEFI variables", f"{config.varstore or 'no file'} (store)"
    elif (own := config.variables) is not None:
        yield "UEFI variables", f"{own.path or 'no file'} ({own.format})"
    if config.tpm:
        yield "TPM", config.tpm
    if config.passthrough:
        yield "Host", f"devices: {', '.join(config.passthrough)}"
    for disk in config.disks:
        kind = ", ".join(word for word in (disk.format, disk.device) if word)
        yield disk.target, f"{disk.path or 'no file'} ({kind})"


def _history_lines(session: Session, about: About, earlier: tuple[Record, ...]) -> Iterator[Line]:
    """What happened, the newest first; of a snapshot what names it."""
    from snaptui.ui.screens.history import happened

    since = text.when(int(session.sights.since))
    name = about.name
    every = happened(session, about.key, earlier)
    found = [one for one in every if name is None or one.names(name)]
    for one in found:
        outcome = f": {one.outcome}" if one.outcome else ""
        yield text.when(int(one.moment)), f"{one.words}{outcome}"
    if not found:
        what = "the domain" if name is None else name
        yield "", f"No operation of this account's on {what}, and nothing was seen since {since}."
