"""The panes of the main screen, and what is selected in them."""

from __future__ import annotations

from textual.widget import Widget

from snaptui.model.domain import Domain, Key
from snaptui.model.image import PlacedEntry
from snaptui.monitor.images import ListedImage
from snaptui.ui.format import Glyphs
from snaptui.ui.panes.domains import DomainPane
from snaptui.ui.panes.images import ImagePane
from snaptui.ui.panes.lines import LinesList, Wraps
from snaptui.ui.panes.snapshots import SnapshotPane
from snaptui.ui.snapshot_graph import Row


class Panes:
    """Domains left; right the snapshots of a domain or of an image, and details.

    Attributes:
        key: the domain or image whose snapshots are wanted on the right.
        filters: text that the rows must have, by what they are.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        self.domains = DomainPane(glyphs)
        self.snapshots = SnapshotPane(glyphs)
        self.entries = ImagePane(glyphs)
        self.details = LinesList(glyphs, id="details", wraps=Wraps.WHERE_ROOM)
        self.key: Key | None = None
        self.filters = {"domains": "", "snapshots": ""}

    def show_right(self, *, image: bool) -> None:
        """Show the snapshots of an image, or of a domain."""
        self.entries.display, self.snapshots.display = image, not image

    @property
    def right_pane(self) -> SnapshotPane | ImagePane:
        """The one of the two that is shown."""
        return self.entries if self.entries.display else self.snapshots

    @property
    def focused(self) -> Widget | None:
        """What has the focus, or will have it again when a dialog closes."""
        return self.domains.screen.focused

    @property
    def on_top(self) -> bool:
        """Whether nothing lies over the screen of the panes."""
        return self.domains.app.screen is self.domains.screen

    @property
    def domain(self) -> Domain | None:
        """The domain under the cursor."""
        return self.domains.selected

    @property
    def image(self) -> ListedImage | None:
        """The image under the cursor."""
        return self.domains.selected_image

    @property
    def row(self) -> Row | None:
        """The snapshot, unmanaged snapshot or overlay under the cursor."""
        return self.snapshots.selected

    @property
    def entry(self) -> PlacedEntry | None:
        """The snapshot of an image under the cursor."""
        return self.entries.selected

    @property
    def marked_domains(self) -> tuple[Domain, ...]:
        """The marked domains, by name."""
        return self.domains.marked

    @property
    def marked_snapshots(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the marked snapshots, and of the marked unmanaged ones."""
        return self.snapshots.marked

    @property
    def marked_entries(self) -> tuple[PlacedEntry, ...]:
        """The marked snapshots of an image."""
        return self.entries.marked

    @property
    def on_domains(self) -> bool:
        """Whether the list of domains has the focus."""
        return self.focused is self.domains

    @property
    def focused_name(self) -> str:
        """The list that has the focus, as :attr:`filters` call it."""
        return "domains" if self.on_domains else "snapshots"

    @property
    def on_entries(self) -> bool:
        """Whether the list of an image's snapshots has the focus."""
        return self.focused is self.entries
