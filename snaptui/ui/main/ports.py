"""What an action of the main screen is handed: what is selected, and whom to ask. No screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from snaptui.model.domain import Domain, Key
    from snaptui.model.image import PlacedEntry
    from snaptui.monitor.images import ListedImage
    from snaptui.ui.dialogs.dialog import Dialog
    from snaptui.ui.dialogs.plan_dialog import PlanDialog
    from snaptui.ui.snapshot_graph import Row

T = TypeVar("T")


class Selection(Protocol):
    """What is selected, marked and focused."""

    @property
    def key(self) -> Key | None:
        """The domain or image whose snapshots are wanted on the right."""

    @property
    def domain(self) -> Domain | None:
        """The domain under the cursor."""

    @property
    def image(self) -> ListedImage | None:
        """The image under the cursor, in the list of domains."""

    @property
    def row(self) -> Row | None:
        """The snapshot, unmanaged snapshot or overlay under the cursor."""

    @property
    def entry(self) -> PlacedEntry | None:
        """The snapshot of an image under the cursor."""

    @property
    def marked_domains(self) -> tuple[Domain, ...]:
        """The marked domains, by name."""

    @property
    def marked_snapshots(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the marked snapshots, and of the marked unmanaged ones."""

    @property
    def marked_entries(self) -> tuple[PlacedEntry, ...]:
        """The marked snapshots of an image."""

    @property
    def on_domains(self) -> bool:
        """Whether the list of domains has the focus."""

    @property
    def on_entries(self) -> bool:
        """Whether the list of an image's snapshots has the focus."""


class Prompter(Protocol):
    """Whom an action answers, and asks."""

    def say(self, words: str) -> None:
        """Answer the key in the message line."""

    def ask(self, dialog: PlanDialog) -> None:
        """Show a dialog, and run what it confirms."""

    def choose(self, dialog: Dialog[T], chosen: Callable[[T], None]) -> None:
        """Show a dialog that changes nothing; ``chosen`` is called with what it returns."""


class Actions(Protocol):
    """What the keys do that change something; each opens a dialog, or says why it does not."""

    def create(self) -> None:
        """Take a snapshot."""

    def revert(self) -> None:
        """Go back to the selected snapshot."""

    def delete(self) -> None:
        """Delete the marked snapshots, or the selected one."""

    def edit(self) -> None:
        """Give the selected snapshot another name or description."""

    def hold(self) -> None:
        """Hold the selected snapshot, or release it."""

    def adopt(self) -> None:
        """Register the selected unmanaged snapshot, or where a moved one is."""

    def thaw(self) -> None:
        """Ask the guest's agent whether it is frozen, and thaw it."""

    def undo(self) -> None:
        """Go back to a safety snapshot."""

    def extract(self) -> None:
        """Copy the selected snapshot to a file of its own."""
