"""All about a host, line by line."""

from __future__ import annotations

import time

from snaptui.common import text
from snaptui.model import abilities
from snaptui.model.host import Host
from snaptui.ui import status_lines
from snaptui.ui.panes.host_rows import ListedHost
from snaptui.ui.panes.lines import Line


def presented(host: Host) -> list[Line]:
    """What a host said of itself."""
    unknown = "?" if host.hypervisor is None else abilities.shown(host.hypervisor)
    return [
        ("URI", host.label),
        ("name", host.hostname or "? (it does not say)"),
        ("libvirt", f"{abilities.shown(host.libvirt)}: {abilities.measured(host)}"),
        (host.driver, unknown),
    ]


def host_lines(listed: ListedHost) -> tuple[Line, ...]:
    """What is known of a host, how it is reached, and how full it is."""
    state = listed.state
    lines: list[Line] = [("Host", listed.name)]
    lines += presented(state.host) if state.host is not None else []
    lines.append(("Connection", status_lines.link_words(state)))
    if state.answered:
        ago = int(time.monotonic() - state.answered)
        lines.append(("Answered", f"{ago} s ago"))
    if state.loaded:
        states = status_lines.states_words(state.domains.values())
        lines.append(("Domains", ", ".join((str(len(state.domains)), *states))))
        known = [state.summaries.get(key) for key in state.domains]
        counts = [one.count for one in known if one is not None and one.count is not None]
        missing = len(known) - len(counts)
        of = f" ({text.count(missing, 'domain')} not read)" if missing else ""
        lines.append(("Snapshots", f"{'at least ' * bool(missing)}{sum(counts)}{of}"))
    lines.append(("Images", status_lines.fullness(listed.fullest)))
    return tuple(lines)
