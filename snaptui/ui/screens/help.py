"""The help, made from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from snaptui.model.host import Host
from snaptui.ui import keymap
from snaptui.ui.action import Scope
from snaptui.ui.actions import ACTIONS
from snaptui.ui.format import Glyphs
from snaptui.ui.panes.host_details import presented
from snaptui.ui.panes.lines import Line


def help_lines(
    overrides: Mapping[str, tuple[str, ...]], host: Host | None, read_only: bool, glyphs: Glyphs
) -> tuple[Line, ...]:
    """Which host it is, keys by scope, then what the marks mean."""
    lines: list[Line] = []
    if host is not None:
        lines += [("", "This host"), *((f"  {name}", value) for name, value in presented(host))]
        lines.append(("", ""))
    if read_only:
        lines += [
            ("", "Read-only: snaptui changes nothing on this host."),
            ("", "libvirt then gives no secrets of the XML and asks no guest agent."),
            ("", ""),
        ]
    for scope in Scope:
        lines += [("", scope.value)]
        for action in ACTIONS:
            if action.scope is scope and not (read_only and action.changes):
                keys = ", ".join(map(keymap.shown, keymap.keys_of(action, overrides)))
                lines.append((f"  {keys}", action.help))
        if scope is Scope.DIALOG:
            done = "Do it: outside of fields, alone, half a second after reading"
            lines.append((f"  {keymap.CONFIRM_KEY}", done))
            lines.append(("  Tab", "Next field or button, out of a field too"))
        lines.append(("", ""))
    lines += [
        ("", "Marks"),
        (f"  {glyphs.snapshot}", "a snapshot"),
        (f"  {glyphs.current}", "the current snapshot: the parent of the next one"),
        (
            f"  {glyphs.held}  {glyphs.held_current}",
            "held: snaptui does not delete it; the second is current",
        ),
        (f"  {glyphs.marked}", "marked: d deletes all such snapshots, c takes one of each domain"),
        (
            f"  {glyphs.unmanaged}",
            "unmanaged: inside an image, unknown to libvirt, as qemu-img makes it",
        ),
        (
            f"  {glyphs.overlay}",
            "an unnamed overlay, as backup tools leave it: d merges it",
        ),
        (f"  {glyphs.here}", "now: the state of the domain at this moment"),
        (f"  {glyphs.unread}", "not read yet"),
        (f"  {glyphs.unreadable}", "cannot be read; the details say why"),
        (f"  {glyphs.broken}", "broken, hollow, twins: the details say what is wrong"),
        ("  I  E  M", "internal (in the qcow2), external (overlay files), mixed"),
        ("  ?", "not known; the details say why"),
        ("", ""),
        ("", "Images that no domain uses are listed below the domains"),
        ("", "  c r d x take, apply, delete and copy out what qemu-img keeps inside of them"),
    ]
    return tuple(lines)
