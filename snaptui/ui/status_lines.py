"""The one-line texts around the panes."""

from __future__ import annotations

import enum
import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from snaptui.common import text
from snaptui.model.domain import Domain, DomainState, Key
from snaptui.model.image import NotKnown
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState, Link
from snaptui.monitor.snapshots import Shown
from snaptui.monitor.usage import CountState
from snaptui.operations.operation import Operation
from snaptui.storage.backing_chain import backing_size
from snaptui.storage.costs import held_now, written_disks
from snaptui.storage.disk_cost import NOT_YET
from snaptui.storage.qcow2.usage import ImageUsage
from snaptui.storage.totals import Total
from snaptui.ui.format import Glyphs, bar, clean, state_style, state_words

if TYPE_CHECKING:
    from snaptui.session import Session

STYLES = {"good": "green", "warn": "yellow", "bad": "bold red", "muted": "dim"}

READ_ONLY = "Read-only: snaptui changes nothing here."

FULL = 0.05
"""Share of free space below which a file system is shown as a trouble."""


_STOPPED = (DomainState.PAUSED, DomainState.PMSUSPENDED, DomainState.CRASHED)
"""States in which there is a QEMU and the guest does not run."""


MUCH = 20
"""A share of an image of more than one in so many is not left out of a sum."""


def link_words(state: HostState) -> str:
    """How things stand with a host, and why."""
    link = "lost, retrying" if state.link is Link.LOST else state.link.value
    return f"{link}: {state.trouble}" if state.trouble else link


def states_words(domains: Iterable[Domain], on: str = "running") -> tuple[str, ...]:
    """How many domains run, and how many have a QEMU and yet do not: none are left out.

    Args:
        on: the word for those that run.
    """
    found = Counter(domain.state for domain in domains if domain.state.active)
    stopped = [(one.value, found.pop(one)) for one in _STOPPED if one in found]
    return f"{found.total()} {on}", *(f"{number} {word}" for word, number in stopped)


def heading_figures(state: HostState, fullest: Fullest, width: int) -> str:
    """Number of domains of a host, and how full it is, as much as there is room for."""
    if not state.loaded:
        return "reading ..."
    number = text.count(len(state.domains), "domain")
    running, *stopped = states_words(state.domains.values())
    full = ""
    if (space := fullest.space) is not None:
        full = f", {'>= ' * bool(fullest.missing)}{100 - space.free / space.size * 100:.0f} % full"
    lines = (
        ", ".join((number, running, *stopped)) + full,
        f"{number}, {running}{full}",
        f"{number}{full}",
        f"{len(state.domains)}{full}",
    )
    return next((line for line in lines if len(line) <= width), lines[-1])


def fullness(fullest: Fullest) -> str:
    """How full the fullest file system with images is, with what is not known."""
    if fullest.space is None:
        return "? (no place of an image is known)" if fullest.missing else "none in a file"
    space, missing = fullest.space, fullest.missing
    of = f" ({missing} of {fullest.places} not known)" if missing else ""
    return (
        f"{'at least ' * bool(missing)}{100 - space.free / space.size * 100:.0f} % full"
        f", {text.short_size(space.free)} free{of}"
    )


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
    """What each disk's image holds, at the right end, as much as there is room for."""
    if counts.path in shown.images:
        line.append(f"  counting {int(counts.share * 100)} %", "dim")
        return
    usages = [
        (clean(disk.target, glyphs), usage, backing_size(disk, shown.layers.heads))
        for disk in (written_disks(shown.config) if shown.config is not None else ())
        if (usage := held_now(disk, counts.counted)) is not NOT_YET
    ]
    room = width - line.cell_len - 1
    for far in Far:
        words = "   ".join(_image_words(*one, glyphs, far) for one in usages)
        if cell_len(words) + 2 <= room:
            break
    else:  # the first ones at least
        shortest = [_image_words(*one, glyphs, Far.SHORT) for one in usages]
        while shortest and cell_len("   ".join(shortest)) + 2 > room:
            shortest.pop()
        words = "   ".join(shortest)
    if words:
        line.append(" " * (room - cell_len(words)) + words, "dim")


class Far(enum.Enum):
    """How much is said of an image; what has room is said."""

    ALL = "all of it, and a picture"
    PICTURE = "what is in use, and a picture"
    USE = "what is in use"
    SHORT = "the least"


def _image_words(
    target: str, counted: ImageUsage | NotKnown, backing: Total, glyphs: Glyphs, far: Far
) -> str:
    """What an image holds: a sum; and what its backing files take, if it has any."""
    if isinstance(counted, NotKnown):
        return f"{target} ?"
    usage, size = counted.usage, text.tiny_size
    if far is Far.SHORT and not backing.parts:
        return f"{target} {size(usage.allocated)}, {size(usage.snapshots_only)} snapshots"
    if far is Far.SHORT:
        inside = f", {size(usage.snapshots_only)} snapshots" if usage.snapshots_only else ""
        return f"{target} {size(usage.allocated)} + {backing.tiny} backing{inside}"
    shares = [part / max(usage.allocated, 1) for part in (usage.disk_now, usage.snapshots_only)]
    picture = f" {bar(shares, 10, glyphs)}" if far in (Far.ALL, Far.PICTURE) else ""
    rest = usage.allocated - usage.disk_now - usage.snapshots_only
    words = f"{size(usage.disk_now)} now + {size(usage.snapshots_only)} snapshots"
    if far is Far.ALL:
        leaked = "?" if usage.leaked is None else size(usage.leaked)
        words += f" + {size(usage.metadata)} metadata, {leaked} leaked"
    elif rest * MUCH > usage.allocated:
        words += f" + {size(rest)} else"
    if backing.parts:
        words += f", {backing.tiny} in backing files"
    return f"{target}{picture} {size(usage.allocated)} = {words}"


def no_change(session: Session, *keys: Key) -> str:
    """Why no change of these can be planned now; empty when one can."""
    if session.read_only:
        return READ_ONLY
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
