"""Which files the selected row stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.session import Session
from snaptui.ui.screens.opening import When

if TYPE_CHECKING:
    from snaptui.ui.main.ports import Selection


def when_of(selection: Selection, session: Session, first: str) -> When | str:
    """The time that is selected; or why there is none.

    Args:
        first: what to do where no snapshot is selected.
    """
    domain, image, row = selection.domain, selection.image, selection.row
    if image is not None:
        if not selection.on_entries:
            return first
        placed = selection.entry
        if placed is None:
            return When(session, image.key)
        return When(session, image.key, placed.entry.name, placed.entry.created, placed)
    if domain is None or selection.on_domains or row is None:
        return first
    if row.overlay is not None:
        return "This is an overlay: select a snapshot, or now."
    known = row.snapshot if row.snapshot is not None else row.unmanaged
    return When(session, domain, row.name, known.created if known is not None else None)
