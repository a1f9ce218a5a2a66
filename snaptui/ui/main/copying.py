"""What of the selected domain, snapshot or image can be copied to the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.ui.dialogs.copy import of_domain, of_snapshot

if TYPE_CHECKING:
    from snaptui.session import Session
    from snaptui.ui.main.ports import Selection
    from snaptui.ui.panes.lines import Line


def copies(session: Session, selection: Selection) -> tuple[str, tuple[Line, ...]]:
    """What it is called, and what may be wanted of it; nothing where nothing is selected."""
    host, domain, row = session.host.state.host, selection.domain, selection.row
    if selection.image is not None:
        path, entry = selection.image.key.path, selection.entry
        lines: tuple[Line, ...] = (("path", path),)
        if selection.on_entries and entry is not None:
            lines = (("name", entry.entry.name), ("ID", entry.entry.id), *lines)
        return selection.image.key.name, lines
    if host is None or domain is None:
        return ("", ()) if host is None else (host.label, (("URI", host.label),))
    if selection.on_domains or row is None or row.name is None:
        shown = session.snapshots.shown
        config = shown.config if shown is not None and shown.key == domain.key else None
        paths = [disk.path for disk in config.disks if disk.path] if config else []
        return domain.name, tuple(of_domain(domain, host, paths))
    if row.overlay is not None:
        return row.title, (("path", row.overlay.path),)
    return row.name, tuple(of_snapshot(row.name, row.snapshot, domain, host))
