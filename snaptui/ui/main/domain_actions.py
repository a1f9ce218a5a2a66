"""The actions of the main screen that change something: each opens a dialog, none does it.

The dialogs and the plans behind them are loaded by the first key that needs them: loading
all of them would be a twentieth of each start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.screen import Screen

from snaptui.model.domain import Domain, Key, Snapshot
from snaptui.monitor.host import Link
from snaptui.ui import keymap, status_lines
from snaptui.ui.panes.domains import DomainPane
from snaptui.ui.panes.images import ImagePane
from snaptui.ui.panes.snapshots import SnapshotPane

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.dialogs.plan_dialog import Confirmed, PlanDialog
    from snaptui.ui.main.image_actions import ImageChanges


class Changes(Screen[None]):
    """A screen with a selected domain or image and a selected snapshot."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self._shown_key: Key | None = None

    @property
    def domains(self) -> DomainPane:
        """The pane of domains."""
        return self.query_one(DomainPane)

    @property
    def snapshots(self) -> SnapshotPane:
        """The pane of snapshots."""
        return self.query_one(SnapshotPane)

    @property
    def entries(self) -> ImagePane:
        """The pane of the snapshots of an image; in the place of the other one."""
        return self.query_one(ImagePane)

    @property
    def right_pane(self) -> SnapshotPane | ImagePane:
        """The one of the two that is shown."""
        return self.entries if self.entries.display else self.snapshots

    @property
    def _image(self) -> ImageChanges | None:
        """What can be done when an image is selected, and no domain."""
        from snaptui.ui.main.image_actions import ImageChanges

        listed = self.domains.selected_image
        return None if listed is None else ImageChanges(self, listed)

    def say(self, words: str) -> None:
        """Answer a key, or tell something, in the message line."""
        raise NotImplementedError

    def action_create(self) -> None:
        """Ask for a name, and create."""
        from snaptui.ui.dialogs.create import CreateDialog

        if (image := self._image) is not None:
            image.create()
            return
        if self.domains.marked:
            self._create_group()
            return
        domain = self._free_domain()
        if domain is not None:
            shown = self.session.snapshots.shown
            known = shown.snapshots if shown is not None and shown.key == domain.key else None
            taken = known.names if known is not None else ()
            name = self.context.suggested_name(domain.name, taken)
            self.ask(CreateDialog(domain, name, self.session.read_facts, self.context.glyphs))

    def _create_group(self) -> None:
        from snaptui.ui.dialogs.create_group import CreateGroupDialog

        context, domains = self.context, self.domains.marked
        why = (
            self.session.host.state.link.value
            if self.session.host.state.link is not Link.CONNECTED
            else ""
        )
        for domain in domains:
            if (operation := self.session.operations.running(domain.key)) is not None:
                why = status_lines.operation_words(operation)
        if why:
            self.say(f"Not now: {why}.")
            return
        name = context.suggested_name("group", ())
        host = self.session.host.state.host
        where = host.hostname if host is not None else ""

        dialog = CreateGroupDialog(where, domains, name, self.session.read_facts, context.glyphs)
        self.ask(dialog, self.domains.unmark)

    def action_revert(self) -> None:
        """Ask, and revert to the selected snapshot."""
        if (image := self._image) is not None:
            image.apply()
            return
        domain, name = self._free_domain(), self._selected_name()
        if domain is not None and name is not None:
            self._ask_to_revert(domain, name)

    def _ask_to_revert(self, domain: Domain, name: str) -> None:
        from snaptui.ui.dialogs.revert import RevertDialog

        context = self.context
        self.ask(
            RevertDialog(
                domain, name, self.session.read_facts, self.session.find_group, context.glyphs
            )
        )

    def action_delete(self) -> None:
        """Ask, and delete the marked snapshots, or the selected one."""
        from snaptui.ui.dialogs.delete import DeleteDialog, DeleteManyDialog, MergeDialog

        if (image := self._image) is not None:
            image.delete()
            return
        domain, row = self._free_domain(), self.snapshots.selected
        if domain is None:
            return
        read_facts, glyphs = self.session.read_facts, self.context.glyphs
        names, strays = self.snapshots.marked
        unmarked = not names and not strays and self.focused is not self.domains
        if unmarked and row is not None and row.overlay is not None:
            self.ask(MergeDialog(domain, row.overlay.path, read_facts, glyphs))
            return
        if not names and not strays and row is not None and row.stray is not None:
            strays = (row.stray.name,) if self.focused is not self.domains else ()
        if names or strays:
            self.ask(DeleteManyDialog(domain, names, strays, read_facts, glyphs))
        elif (name := self._selected_name()) is not None:
            self.ask(DeleteDialog(domain, name, read_facts, glyphs))

    def action_edit(self) -> None:
        """Ask, and give the selected snapshot another description."""
        from snaptui.ui.dialogs.edit import EditDialog

        if self._not_for_images("qemu-img keeps no descriptions."):
            return
        found = self._read_snapshot()
        if found is not None:
            self.ask(EditDialog(*found, self.session.read_facts, self.context.glyphs))

    def action_hold(self) -> None:
        """Ask, and hold the selected snapshot or release it."""
        from snaptui.ui.dialogs.edit import HoldDialog

        if self._not_for_images("what only an image knows cannot be held."):
            return
        found = self._read_snapshot()
        if found is not None:
            self.ask(HoldDialog(*found, self.session.read_facts, self.context.glyphs))

    def action_adopt(self) -> None:
        """Ask, and make the selected stray known to libvirt, or where a snapshot's images are."""
        from snaptui.plan.plan import AdoptIntent, RelocateIntent
        from snaptui.ui.dialogs.edit import AdoptDialog

        if self._not_for_images("there is no domain that could adopt it."):
            return
        domain, row = self._free_domain(), self.snapshots.selected
        if domain is None:
            return
        intent: AdoptIntent | RelocateIntent
        if row is not None and row.stray is not None and self.focused is not self.domains:
            intent = AdoptIntent(domain.key, row.stray.name)
        elif (name := self._moved_name()) is not None:
            intent = RelocateIntent(domain.key, name)
        else:
            self.say("Select a stray, which only the image knows, or a moved snapshot first.")
            return
        self.ask(AdoptDialog(domain, intent, self.session.read_facts, self.context.glyphs))

    def action_thaw(self) -> None:
        """Ask the guest's agent whether it is frozen, and thaw it."""
        from snaptui.ui.dialogs.thaw import ThawDialog

        if self._not_for_images("there is no guest."):
            return
        domain = self._free_domain()
        if domain is not None:
            self.ask(ThawDialog(domain, self.session.read_facts, self.context.glyphs))

    def action_undo(self) -> None:
        """Choose a safety snapshot, and ask to revert to it."""
        from snaptui.plan.revert.safety import undo_points
        from snaptui.ui.dialogs.undo import UndoDialog

        if self._not_for_images("select the safety snapshot and apply it."):
            return
        domain, shown = self._free_domain(), self.session.snapshots.shown
        if domain is None:
            return
        if shown is None or shown.key != domain.key or shown.snapshots is None:
            self.say("Not yet: the snapshots are being read.")
            return
        points = undo_points(tuple(shown.snapshots.details.values()))
        if not points:
            reading = "" if shown.snapshots.complete else " so far: they are still being read"
            self.say(f"{domain.name} has no safety snapshot{reading}; a revert takes one.")
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                self._ask_to_revert(domain, name)

        self.app.push_screen(UndoDialog(domain, points, self.context.glyphs), chosen)

    def action_extract(self) -> None:
        """Ask, and copy the selected snapshot out of its image to a file of its own."""
        from snaptui.ui.main.image_actions import ask_to_extract, sources_of

        if (image := self._image) is not None:
            image.extract()
            return
        shown, row = self.session.snapshots.shown, self.snapshots.selected
        if shown is None or shown.key != self._shown_key or self.focused is self.domains:
            self.say(keymap.go_first(self.context.overrides))
        elif row is None or row.name is None:
            self.say("Select a snapshot first.")
        else:
            found = sources_of(row, shown)
            if isinstance(found, str):
                self.say(found)
            else:
                ask_to_extract(self, found)

    def ask(self, dialog: PlanDialog, then: Callable[[], None] | None = None) -> None:
        """Show a dialog, and run what it confirms; ``then`` is called after that began."""

        def confirmed(result: Confirmed | None) -> None:
            if result is None:
                return
            operations = self.session.operations
            run = operations.run_together if result.together else operations.run_in_turn
            run(result.parts)
            if then is not None:
                then()

        self.app.push_screen(dialog, confirmed)

    def _not_for_images(self, why: str) -> bool:
        """Whether an image is selected; says then why the key does nothing."""
        if self._image is None:
            return False
        self.say(f"Not for an image: {why}")
        return True

    def _free_domain(self) -> Domain | None:
        """The selected domain, if a change of it can be planned now."""
        domain = self.domains.selected
        state = self.session.host.state
        if domain is None:
            self.say("Select a domain first.")
            return None
        if state.link is not Link.CONNECTED:
            self.say(f"Not now: {state.link.value}.")
            return None
        operation = self.session.operations.running(domain.key)
        if operation is not None:
            self.say(f"Not now: {status_lines.operation_words(operation)}.")
            return None
        return domain

    def _read_snapshot(self) -> tuple[Domain, Snapshot] | None:
        """The selected domain and snapshot, if a change can be planned and it has been read."""
        domain, name, row = self._free_domain(), self._selected_name(), self.snapshots.selected
        if domain is None or name is None or row is None:
            return None
        if row.snapshot is None:
            self.say(f"{name} has not been read.")
            return None
        return domain, row.snapshot

    def _moved_name(self) -> str | None:
        """The snapshot under the cursor, where its images are elsewhere than its record says."""
        row, shown = self.snapshots.selected, self.session.snapshots.shown
        if shown is None or shown.key != self._shown_key or self.focused is self.domains:
            return None
        broken = shown.layers.broken.get(row.name or "") if row is not None else None
        return row.name if row is not None and broken is not None and broken.moved else None

    def _selected_name(self) -> str | None:
        """The snapshot under the cursor, while the list shown is the selected domain's."""
        row, shown = self.snapshots.selected, self.session.snapshots.shown
        if shown is None or shown.key != self._shown_key or self.focused is self.domains:
            self.say(keymap.go_first(self.context.overrides))
            return None
        if row is None or row.name is None:
            self.say("Select a snapshot first.")
            return None
        if row.stray is not None:
            self.say("libvirt does not know this stray: adopt it first.")
            return None
        if row.overlay is not None:
            self.say("It is an overlay and no snapshot: it can only be merged (d).")
            return None
        return row.name
