"""What the keys of a change say where nothing may be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snaptui.ui import status_lines

if TYPE_CHECKING:
    from snaptui.ui.main.ports import Prompter


class ReadOnlyActions:
    """Says why not, whatever is asked."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter

    def _say(self) -> None:
        self._prompter.say(status_lines.READ_ONLY)

    create = revert = delete = edit = hold = adopt = thaw = undo = extract = _say
