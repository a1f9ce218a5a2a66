"""The actions that change the selected domain: each opens a dialog, none does it.

The dialogs and the plans behind them are loaded by the first key that needs them: loading
all of them would be a twentieth of each start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.common import text
from snaptui.model.domain import Domain
from snaptui.model.snapshot import Snapshot
from snaptui.monitor.snapshots import Shown
from snaptui.ui import keymap, status_lines
from snaptui.ui.main.image_actions import ask_to_extract, sources_of

if TYPE_CHECKING:
    from snaptui.ui.context import Context
    from snaptui.ui.main.ports import Prompter, Selection


class DomainActions:
    """What can be asked of the domain that is selected, or of those that are marked."""

    def __init__(self, context: Context, selection: Selection, prompter: Prompter) -> None:
        self._context = context
        self._session = context.session
        self._read_facts = context.fleet.read_facts
        self._selection = selection
        self._prompter = prompter

    def create(self) -> None:
        """Ask for a name, and create."""
        from snaptui.ui.dialogs.create import CreateDialog

        if self._selection.marked_domains:
            self._create_group()
            return
        domain = self._free_domain()
        if domain is not None:
            shown = self._session.snapshots.shown
            known = shown.snapshots if shown is not None and shown.key == domain.key else None
            taken = known.names if known is not None else ()
            name = self._context.suggested_name(domain.name, taken)
            read_facts, glyphs = self._read_facts, self._context.glyphs
            self._prompter.ask(CreateDialog(domain, name, read_facts, glyphs))

    def _create_group(self) -> None:
        from snaptui.ui.dialogs.create_group import CreateGroupDialog

        context, domains = self._context, self._selection.marked_domains
        fleet = context.fleet
        for uri, name in fleet.names.items():
            keys = [domain.key for domain in domains if domain.key.host == uri]
            on = fleet.session(uri)
            if keys and (why := status_lines.no_change(on, *keys)):
                self._prompter.say(f"{name}: {why}" if len(fleet) > 1 else why)
                return
        where = text.count(len(domains), "domain")
        name = context.suggested_name("group", ())

        dialog = CreateGroupDialog(where, domains, name, context.fleet.read_facts, context.glyphs)
        self._prompter.ask(dialog)

    def revert(self) -> None:
        """Ask, and revert to the selected snapshot."""
        domain, name = self._free_domain(), self._selected_name()
        if domain is not None and name is not None:
            self._ask_to_revert(domain, name)

    def _ask_to_revert(self, domain: Domain, name: str) -> None:
        from snaptui.ui.dialogs.revert import RevertDialog

        fleet, glyphs = self._context.fleet, self._context.glyphs
        dialog = RevertDialog(domain, name, fleet.read_facts, fleet.find_group, glyphs)
        self._prompter.ask(dialog)

    def delete(self) -> None:
        """Ask, and delete the marked snapshots, or the selected one."""
        from snaptui.ui.dialogs.delete import DeleteDialog, DeleteManyDialog, MergeDialog

        domain, row = self._free_domain(), self._selection.row
        if domain is None:
            return
        ask, read_facts, glyphs = (
            self._prompter.ask,
            self._read_facts,
            self._context.glyphs,
        )
        names, unmanaged = self._selection.marked_snapshots
        unmarked = not names and not unmanaged and not self._selection.on_domains
        if unmarked and row is not None and row.overlay is not None:
            ask(MergeDialog(domain, row.overlay.path, read_facts, glyphs))
            return
        if unmarked and row is not None and row.unmanaged is not None:
            unmanaged = (row.unmanaged.name,)
        if names or unmanaged:
            ask(DeleteManyDialog(domain, names, unmanaged, read_facts, glyphs))
        elif (name := self._selected_name()) is not None:
            ask(DeleteDialog(domain, name, read_facts, glyphs))

    def edit(self) -> None:
        """Ask, and give the selected snapshot another description."""
        from snaptui.ui.dialogs.edit import EditDialog

        found = self._read_snapshot()
        if found is not None:
            self._prompter.ask(EditDialog(*found, self._read_facts, self._context.glyphs))

    def hold(self) -> None:
        """Ask, and hold the selected snapshot or release it."""
        from snaptui.ui.dialogs.edit import HoldDialog

        found = self._read_snapshot()
        if found is not None:
            self._prompter.ask(HoldDialog(*found, self._read_facts, self._context.glyphs))

    def adopt(self) -> None:
        """Ask, and register the selected unmanaged snapshot, or where a snapshot's images are."""
        from snaptui.plan.plan import AdoptIntent, RelocateIntent
        from snaptui.ui.dialogs.edit import AdoptDialog

        domain, row = self._free_domain(), self._selection.row
        if domain is None:
            return
        intent: AdoptIntent | RelocateIntent
        if row is not None and row.unmanaged is not None and not self._selection.on_domains:
            intent = AdoptIntent(domain.key, row.unmanaged.name)
        elif (name := self._moved_name()) is not None:
            intent = RelocateIntent(domain.key, name)
        else:
            self._prompter.say("Select an unmanaged or a moved snapshot first.")
            return
        read_facts, glyphs = self._read_facts, self._context.glyphs
        self._prompter.ask(AdoptDialog(domain, intent, read_facts, glyphs))

    def thaw(self) -> None:
        """Ask the guest's agent whether it is frozen, and thaw it."""
        from snaptui.ui.dialogs.thaw import ThawDialog

        domain = self._free_domain()
        if domain is not None:
            self._prompter.ask(ThawDialog(domain, self._read_facts, self._context.glyphs))

    def undo(self) -> None:
        """Choose a safety snapshot, and ask to revert to it."""
        from snaptui.plan.revert.safety import undo_points
        from snaptui.ui.dialogs.undo import UndoDialog

        domain, shown = self._free_domain(), self._session.snapshots.shown
        if domain is None:
            return
        if shown is None or shown.key != domain.key or shown.snapshots is None:
            self._prompter.say("Not yet: snaptui is reading the snapshots.")
            return
        points = undo_points(tuple(shown.snapshots.details.values()))
        if not points:
            reading = "" if shown.snapshots.complete else " so far (still reading)"
            self._prompter.say(
                f"{domain.name} has no safety snapshot{reading}; a revert takes one."
            )
            return

        def chosen(name: str) -> None:
            self._ask_to_revert(domain, name)

        self._prompter.choose(UndoDialog(domain, points, self._context.glyphs), chosen)

    def extract(self) -> None:
        """Ask, and copy the selected snapshot out of its image to a file of its own."""
        shown, row = self._shown, self._selection.row
        if shown is None:
            self._prompter.say(keymap.go_first(self._context.overrides))
        elif row is None or row.name is None:
            self._prompter.say("Select a snapshot first.")
        else:
            found = sources_of(row, shown)
            if isinstance(found, str):
                self._prompter.say(found)
            else:
                ask_to_extract(self._context, self._prompter, found)

    def _free_domain(self) -> Domain | None:
        """The selected domain, if a change of it can be planned now."""
        domain = self._selection.domain
        if domain is None:
            self._prompter.say("Select a domain first.")
            return None
        why = status_lines.no_change(self._session, domain.key)
        if why:
            self._prompter.say(why)
        return None if why else domain

    @property
    def _shown(self) -> Shown | None:
        """The snapshots that have the focus, while they are the selected domain's."""
        shown, selection = self._session.snapshots.shown, self._selection
        there = shown is not None and shown.key == selection.key and not selection.on_domains
        return shown if there else None

    def _read_snapshot(self) -> tuple[Domain, Snapshot] | None:
        """The selected domain and snapshot, if a change can be planned and it has been read."""
        domain, name, row = self._free_domain(), self._selected_name(), self._selection.row
        if domain is None or name is None or row is None:
            return None
        if row.snapshot is None:
            self._prompter.say(f"{name} has not been read yet.")
            return None
        return domain, row.snapshot

    def _moved_name(self) -> str | None:
        """The snapshot under the cursor, where its images are elsewhere than its record says."""
        shown, row = self._shown, self._selection.row
        if shown is None or row is None:
            return None
        broken = shown.layers.broken.get(row.name or "")
        return row.name if broken is not None and broken.moved else None

    def _selected_name(self) -> str | None:
        """The snapshot under the cursor, while the list shown is the selected domain's."""
        row = self._selection.row
        if self._shown is None:
            self._prompter.say(keymap.go_first(self._context.overrides))
            return None
        if row is None or row.name is None:
            self._prompter.say("Select a snapshot first.")
            return None
        if row.unmanaged is not None:
            self._prompter.say("This snapshot is unmanaged: register it first.")
            return None
        if row.overlay is not None:
            self._prompter.say("This is an overlay, not a snapshot. It can only be merged.")
            return None
        return row.name
