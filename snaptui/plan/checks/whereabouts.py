"""The way round where an image is gone from its place, with what is known of where it is."""

from __future__ import annotations

from dataclasses import replace

from snaptui.common import shell
from snaptui.plan.facts import Facts
from snaptui.plan.refusal import Refusal
from snaptui.plan.words.way import Way
from snaptui.storage.traces import Clue, Trace

_FOUND = {
    Clue.UPON: Way.FOUND_UPON,
    Clue.HEADER: Way.FOUND_BY_HEADER,
    Clue.ENTRIES: Way.FOUND_BY_ENTRIES,
}


def traced(facts: Facts, refusal: Refusal, path: str) -> Refusal:
    """The same with the file that ``path`` is now, or that it is not known which."""
    trace = facts.traces.get(path)
    if trace is None:
        return refusal
    names = {
        "at": trace.at,
        "by": trace.by,
        "lines": _lines(facts, path, trace),
        "perhaps": f" ({', '.join(trace.perhaps)} may be it)" if trace.perhaps else "",
    }
    none = Way.PUT_BACK_WHICH if refusal.way is Way.PUT_BACK else Way.NOT_KNOWN_WHICH
    way = _FOUND.get(trace.clue, none)
    return replace(refusal, way=way, names=(*refusal.names, *names.items()))


def _lines(facts: Facts, path: str, trace: Trace) -> str:
    """What lets those that name the gone file name the one that it is, as lines to type."""
    rebase: tuple[str, ...] = ("qemu-img", "rebase", "-u", "-F", trace.form, "-b")
    if trace.clue is Clue.HEADER:
        return f", and while {facts.name} is off: {shell.line((*rebase, path, trace.by))}"
    rebase = (*rebase, trace.at)
    lines = [shell.line((*rebase, upper)) for upper in trace.uppers]
    for disk in facts.status.config.disks:
        if disk.path == path:
            lines.append(f"{facts.edit_line} (set {disk.target} to it, without a <backingStore>)")
    return f", or while {facts.name} is off: {'; '.join(lines)}" if lines else ""
