"""THE table of actions: bindings, help, footer, palette and the page of keys come from it."""

from __future__ import annotations

from snaptui.ui.action import Action
from snaptui.ui.key_tables.dialogs import DIALOGS
from snaptui.ui.key_tables.guest_files import GUEST_FILES
from snaptui.ui.key_tables.lists import LISTS, TEXTS
from snaptui.ui.key_tables.main import EVERYWHERE, MAIN

ACTIONS: tuple[Action, ...] = (*MAIN, *LISTS, *GUEST_FILES, *TEXTS, *DIALOGS, *EVERYWHERE)
