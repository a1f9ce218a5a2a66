"""The last lines: the keys that do something with the row under the cursor."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from snaptui.ui import keymap
from snaptui.ui.action import Action
from snaptui.ui.key_line import key_words

ALWAYS = ("keys", "leave")
"""Actions that are shown whatever the width."""


class On(enum.Enum):
    """What the cursor is on."""

    NOTHING = enum.auto()
    HOST = enum.auto()
    BARE = enum.auto()
    DOMAIN = enum.auto()
    SNAPSHOT = enum.auto()
    NOW = enum.auto()
    UNMANAGED = enum.auto()
    OVERLAY = enum.auto()
    IMAGE = enum.auto()
    ENTRY = enum.auto()


_OF_ROW: Mapping[On, tuple[str, ...]] = {
    On.NOTHING: ("add_host",),
    On.HOST: ("enter", "add_host", "drop_host", "refresh"),
    On.BARE: ("enter",),
    On.DOMAIN: ("enter", "create", "undo", "thaw", "copy_one", "refresh"),
    On.SNAPSHOT: (
        "revert", "delete", "guest_files", "compare", "edit", "hold", "extract", "copy_one",
        "enter", "undo", "create",
    ),
    On.NOW: ("create", "undo", "guest_files", "enter", "copy_one", "refresh"),
    On.UNMANAGED: (
        "adopt", "revert", "delete", "guest_files", "compare", "extract", "copy_one", "enter",
    ),
    On.OVERLAY: ("delete", "copy_one", "enter"),
    On.IMAGE: ("enter", "create", "copy_one", "refresh"),
    On.ENTRY: ("revert", "delete", "guest_files", "extract", "create", "copy_one", "enter"),
}  # fmt: skip
"""What can be done with a row, the most wanted first."""

_ELSEWHERE = (
    "mark", "sort", "filter", "file_systems", "all_snapshots", "operations", "sign_in",
    "next_pane", "command_palette",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """What the keys can be of use for at this moment.

    Attributes:
        without: actions that do nothing now.
        words: other words for actions.
    """

    on: On
    without: Collection[str] = ()
    words: Mapping[str, str] = field(default_factory=dict)


def footer_lines(
    offer: Offer,
    overrides: Mapping[str, tuple[str, ...]],
    width: int,
    *,
    read_only: bool,
    lines: int,
) -> Text:
    """The keys of the row, then those of everywhere; help and quit always.

    Args:
        lines: 2, or 1 where the screen is low.
    """

    def there(names: Iterable[str]) -> list[Action]:
        actions = (keymap.action(name) for name in names if name not in offer.without)
        return [one for one in actions if not (read_only and one.changes)]

    def words(action: Action) -> Text:
        return key_words(action, overrides, offer.words.get(action.id, ""), "bold")

    first = [words(one) for one in there(_OF_ROW[offer.on])]
    other = [words(one) for one in there(_ELSEWHERE)]
    always = [words(one) for one in there(ALWAYS)]
    if lines == 1:
        return _line([*first, *other], always, width)
    return Text("\n").join([_line(first, [], width), _line(other, always, width)])


def _line(wanted: Sequence[Text], always: Sequence[Text], width: int) -> Text:
    line = Text(" ")
    room = width - sum(one.cell_len for one in always)
    for one in wanted:
        if line.cell_len + one.cell_len < room:
            line.append_text(one)
    for one in always:
        line.append_text(one)
    return line
