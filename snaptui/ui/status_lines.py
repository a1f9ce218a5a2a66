"""The one-line texts around the panes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from snaptui.common import text
from snaptui.model.domain import Domain, Key
from snaptui.model.image import FileSystem, NotKnown
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState, Link
from snaptui.monitor.snapshots import Shown
from snaptui.monitor.usage import CountState
from snaptui.operations.operation import Operation
from snaptui.storage.costs import held_now, written_disks
from snaptui.storage.disk_cost import NOT_YET
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.ui import keymap
from snaptui.ui.format import Glyphs, bar, clean, link_style, state_style, state_words

if TYPE_CHECKING:
    from snaptui.fleet import Summary
    from snaptui.session import Session

STYLES = {"good": "green", "warn": "yellow", "bad": "bold red", "muted": "dim"}


FULL = 0.05
"""Share of free space below which a file system is shown as a trouble."""


ALWAYS = 2
"""Keys of everywhere that the footer always shows: help and quit."""

SHORTEST = 30
"""Cells that the name of the host keeps."""


def host_line(
    state: HostState,
    fullest: Fullest,
    width: int,
    *,
    glyphs: Glyphs,
    sign_in: str,
    read_only: bool,
    demo: bool,
    faulty: bool,
    marked: int,
    hosts: Summary,
    called: str = "",
) -> Text:
    """Host, number of domains, how full, and how the connection is.

    Args:
        fullest: of the file systems and devices with images.
        sign_in: the key to sign in, if the host needs that.
        faulty: whether what is shown may be out of date by a fault of our own.
        marked: how many domains are marked.
        hosts: all that are looked at; of one alone nothing is said.
        called: this one, as people call it.
    """
    host = state.host
    link = state.link.value
    if state.link is not Link.CONNECTED and state.answered:
        link += f", as of {int(time.monotonic() - state.answered)} s ago"
        ask = f": {sign_in} tries again" if state.link is Link.REFUSED else f": press {sign_in}"
        link += {Link.LOST: ", retrying", Link.SIGN_IN: ask, Link.REFUSED: ask}.get(state.link, "")
    right = Text("DEMO  " * demo + "READ-ONLY  " * read_only, "bold")
    right.append("FAULT  " * faulty, STYLES["bad"])
    right.append(f"{link} ", STYLES[link_style(state.link)])
    name = Text(" snaptui ", "bold")
    if demo:
        name.append(" demo")  # its URI is long, and stands in the dialogs' virsh lines
    elif hosts.hosts > 1:
        name.append(f" {clean(called, glyphs)}")
    elif host is not None:
        on = f" on {clean(host.hostname, glyphs)}" if host.hostname else ""
        name.append(f" {clean(host.label, glyphs)}{on}")
    if hosts.hosts > 1:
        right.append_text(_others(hosts))
    # how full it is matters more than all of a long URI, and than how many domains run
    room = width - right.cell_len - 1
    lines = [_figures(state, fullest, marked, all_of=count) for count in (3, 2, 1)]
    line = next((one for one in lines if SHORTEST + one.cell_len <= room), lines[-1])
    least = max(SHORTEST, room - line.cell_len)
    if name.cell_len > least:
        name.truncate(least - 1)
        name.append(glyphs.more)
    name.append_text(line)
    if name.cell_len > room:
        name.truncate(max(0, room - len(glyphs.more)))
        name.append(glyphs.more)
    name.append(" " * max(1, width - name.cell_len - right.cell_len))
    name.append_text(right)
    return name


def _others(hosts: Summary) -> Text:
    """How many hosts there are, and how many of them cannot be seen."""
    line = Text(f"  {hosts.hosts} hosts")
    if hosts.away:
        line.append(f", {hosts.away} away", STYLES["bad"])
    if hosts.connecting:
        line.append(f", {hosts.connecting} connecting")
    return line.append(" ")


def _figures(state: HostState, fullest: Fullest, marked: int, *, all_of: int) -> Text:
    """Number of domains, and how full; the shorter the less of it there is to be."""
    line = Text()
    if state.loaded:
        running = sum(domain.state.active for domain in state.domains.values())
        line.append(f"   {text.count(len(state.domains), 'domain')}")
        line.append(f", {running} running" if all_of > 1 else "")
        line.append(f", {marked} marked" if marked else "", "bold")
    if fullest.space is not None:
        words = _full_words(fullest, fullest.space, all_of)
        free = fullest.space.free / fullest.space.size
        line.append(f"   images {words}", STYLES["bad"] if free < FULL else "")
    return line


def link_words(state: HostState) -> str:
    """How things stand with a host, and why."""
    link = "lost, retrying" if state.link is Link.LOST else state.link.value
    return f"{link}: {state.trouble}" if state.trouble else link


def heading_figures(state: HostState, fullest: Fullest, width: int) -> str:
    """Number of domains of a host, and how full it is, as much as there is room for."""
    if not state.loaded:
        return "reading ..."
    number = text.count(len(state.domains), "domain")
    running = sum(domain.state.active for domain in state.domains.values())
    full = ""
    if (space := fullest.space) is not None:
        full = f", {'>= ' * bool(fullest.missing)}{100 - space.free / space.size * 100:.0f} % full"
    lines = (f"{number}, {running} running{full}", f"{number}{full}", f"{len(state.domains)}{full}")
    return next((line for line in lines if len(line) <= width), lines[-1])


def fullness(fullest: Fullest) -> str:
    """How full the fullest file system with images is, with what is not known."""
    if fullest.space is None:
        return "? (no place of an image is known)" if fullest.missing else "none in a file"
    return _full_words(fullest, fullest.space, 3)


def _full_words(fullest: Fullest, space: FileSystem, all_of: int) -> str:
    """How full the fullest is; another one, which is not known, may be fuller."""
    missing = fullest.missing
    full = f"{100 - space.free / space.size * 100:.0f} % full"
    if missing and all_of == 1:
        return f">= {full}"
    free = f", {text.short_size(space.free)} free" if all_of > 2 else ""
    of = f" ({missing} of {fullest.places} not known)" if missing else ""
    return f"{'at least ' * bool(missing)}{full}{free}{of}"


def domain_line(
    domain: Domain | None,
    shown: Shown | None,
    counts: CountState,
    glyphs: Glyphs,
    width: int,
    *,
    create: str,
) -> Text:
    """The selected domain, over its snapshots; what its images hold, where there is room.

    Args:
        create: the key that takes a snapshot; empty without.
    """
    if domain is None:
        return Text(" No domain selected", "dim")
    line = Text(f" {clean(domain.name, glyphs)}", "bold")
    line.append(f"  {clean(state_words(domain), glyphs)}", STYLES[state_style(domain.state)])
    if shown is None or shown.key != domain.key or (shown.snapshots is None and not shown.error):
        line.append("  reading ...", "dim")
    elif shown.error:
        line.append(f"  {clean(shown.error, glyphs)}", STYLES["bad"])
    elif shown.snapshots is not None:
        total = len(shown.snapshots.names)
        none = f"no snapshots yet{create and f': {create} takes one'}"
        if not total and (unnamed := [one for one in shown.unnamed if one.taken]):
            none = f"no snapshots yet, {text.count(len(unnamed), 'overlay')} without a snapshot"
        line.append(f"  {text.count(total, 'snapshot') if total else none}")
        if not shown.snapshots.complete:
            line.append(f", {len(shown.snapshots.details)} read", "dim")
        _append_images(line, shown, counts, glyphs, width)
    return line


def _append_images(
    line: Text, shown: Shown, counts: CountState, glyphs: Glyphs, width: int
) -> None:
    if counts.path in shown.images:
        line.append(f"  counting {int(counts.share * 100)} %", "dim")
        return
    usages = [
        (disk.target, usage)
        for disk in (written_disks(shown.config) if shown.config is not None else ())
        if (usage := held_now(disk, counts.counted)) is not NOT_YET
    ]
    whole = "".join(_image_words(*one, glyphs, whole=True) for one in usages)
    if line.cell_len + cell_len(whole) <= width:
        line.append(whole, "dim")
        return
    for one in usages:
        words = _image_words(*one, glyphs, whole=False)
        if line.cell_len + cell_len(words) > width:
            return
        line.append(words, "dim")


def _image_words(
    target: str, counted: ImageUsage | NotKnown, glyphs: Glyphs, *, whole: bool
) -> str:
    """What an image holds, and its size on the host; ``whole`` names all of it."""
    if isinstance(counted, NotKnown):
        return f"   {clean(target, glyphs)} ?"
    usage, size = counted.usage, text.short_size
    shares = [part / max(usage.allocated, 1) for part in (usage.disk_now, usage.snapshots_only)]
    head = f"   {clean(target, glyphs)} {bar(shares, 10, glyphs)} {size(counted.disk_size)}: "
    if not whole:
        return f"{head}{size(usage.snapshots_only)} in snapshots only"
    leaked = "?" if usage.leaked is None else size(usage.leaked)
    return (
        f"{head}now {size(usage.disk_now)}, in snapshots only {size(usage.snapshots_only)}, "
        f"metadata {size(usage.metadata)}, leaked {leaked}"
    )


def no_change(session: Session, *keys: Key) -> str:
    """Why no change of these can be planned now; empty when one can."""
    if session.read_only:
        return "Read-only: snaptui changes nothing here."
    link = session.host.state.link
    return busy(session, *keys) if link is Link.CONNECTED else f"Not now: {link.value}."


def busy(session: Session, *keys: Key) -> str:
    """What is under way on one of these; empty when nothing is."""
    running = (session.operations.running(key) for key in keys)
    return next((f"Not now: {operation_words(o)}." for o in running if o is not None), "")


def operation_words(operation: Operation) -> str:
    """What an operation does, and since when."""
    step = operation.step
    seconds = int(time.time() - operation.started)
    at = (
        f" ({operation.done + 1}/{len(operation.plan.steps)})"
        if len(operation.plan.steps) > 1
        else ""
    )
    doing = step.words if step is not None else operation.plan.verb.lower()
    far = "" if operation.share is None else f" {int(operation.share * 100)} %"
    return f"{operation.called}: {doing}{at}, {operation.phase.value}{far} for {seconds} s"


def footer_line(overrides: Mapping[str, tuple[str, ...]], read_only: bool, width: int) -> Text:
    """The keys that matter most, as many as fit; help and quit always do."""
    last = [one for one in keymap.ACTIONS if one.scope is keymap.Scope.APP and one.footer]
    first = [
        one
        for one in keymap.ACTIONS
        if one.scope is keymap.Scope.MAIN and one.footer and not (read_only and one.changes)
    ]
    line = Text(" ")
    room = width - sum(_key_words(one, overrides).cell_len for one in last[:ALWAYS])
    for place, action in enumerate((*first, *last)):
        words = _key_words(action, overrides)
        kept = place - len(first)
        if kept in range(ALWAYS) or line.cell_len + words.cell_len < room:
            line.append_text(words)
            room += words.cell_len if kept in range(ALWAYS) else 0
    return line


def _key_words(action: keymap.Action, overrides: Mapping[str, tuple[str, ...]]) -> Text:
    keys = keymap.keys_of(action, overrides)
    return Text.assemble((keymap.shown(keys[0]), "bold"), f" {action.label}  ")
