"""What the footer offers: it follows the cursor, the marks, and what is known of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from snaptui.model.hold_mark import hold_of
from snaptui.model.image import ImageInfo
from snaptui.model.safety_mark import is_safety
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.monitor.host import Link
from snaptui.ui.context import Context
from snaptui.ui.footer import Offer, On
from snaptui.ui.main.panes import Panes


def offer(context: Context, panes: Panes) -> Offer:
    """What the keys can be of use for at this moment."""
    on = _on(panes)
    row = panes.row
    snapshot = row.snapshot if on is On.SNAPSHOT and row is not None else None
    return Offer(
        on=on,
        without=frozenset(_without(context, panes, on, snapshot)),
        words=dict(_words(panes, on, snapshot)),
    )


def _on(panes: Panes) -> On:
    if panes.on_domains:
        return (
            On.HOST
            if panes.domains.on_heading
            else On.BARE
            if panes.domains.on_bare
            else On.DOMAIN
            if panes.domain is not None
            else On.IMAGE
            if panes.image is not None
            else On.NOTHING
        )
    if panes.image is not None:
        return On.NOW if panes.entry is None else On.ENTRY
    row = panes.row
    if row is None:
        return On.NOTHING if panes.domain is None else On.NOW
    if row.name is None:
        return On.NOW
    return (
        On.UNMANAGED
        if row.unmanaged is not None
        else On.OVERLAY
        if row.overlay is not None
        else On.SNAPSHOT
    )


def _without(context: Context, panes: Panes, on: On, snapshot: Snapshot | None) -> Iterator[str]:
    """Actions that would only say why they do nothing."""
    state = context.session.host.state
    if not any(map(is_safety, _names(context, panes))):
        yield "undo"
    if panes.domain is None or panes.domain.key not in state.frozen:
        yield "thaw"
    if state.link not in (Link.SIGN_IN, Link.REFUSED, Link.LOST):
        yield "sign_in"
    if len(context.fleet) == 1:
        yield "drop_host"
    if snapshot is not None and snapshot.kind not in (Kind.INTERNAL, Kind.MIXED):
        yield "extract"
    if on in (On.HOST, On.BARE, On.IMAGE, On.NOW, On.OVERLAY, On.NOTHING):
        yield "mark"
    if not panes.on_domains and panes.image is None and panes.row is None:
        yield "enter"


def _names(context: Context, panes: Panes) -> Collection[str]:
    """Of all snapshots of what is selected, as far as they have been read."""
    image, shown = panes.image, context.session.snapshots.shown
    if image is not None:
        entries = image.head.snapshots if isinstance(image.head, ImageInfo) else ()
        return [entry.name for entry in entries]
    known = shown.snapshots if shown is not None and shown.key == panes.key else None
    return known.names if known is not None else ()


def _words(panes: Panes, on: On, snapshot: Snapshot | None) -> Iterator[tuple[str, str]]:
    """What an action is called for this row, where that is another word."""
    if on in (On.HOST, On.BARE):
        yield "enter", "fold"
    elif panes.on_domains:
        yield "enter", "open"
    if snapshot is not None and hold_of(snapshot) is not None:
        yield "hold", "release"
    if panes.on_domains and (number := len(panes.marked_domains)):
        yield "create", f"create in {number} marked"
    elif not panes.on_domains and (number := panes.right_pane.marked_number):
        yield "delete", f"delete {number} marked"
