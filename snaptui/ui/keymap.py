"""Which keys do what: the table of actions with the changes of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual.binding import Binding, BindingType
from textual.keys import Keys, key_to_character

from snaptui.common.errors import ConfigError
from snaptui.ui.action import Action, Scope
from snaptui.ui.actions import ACTIONS

CONFIRM_KEY = "Y"
"""Confirms a dialog; no action of a list may use it."""

_SHOWN = {
    "slash": "/", "asterisk": "*", "plus": "+", "minus": "-", "equals_sign": "=",
    "question_mark": "?", "colon": ":", "apostrophe": "'",
    "left_square_bracket": "[", "right_square_bracket": "]", "backspace": "Backspace",
    "escape": "Esc", "enter": "Enter", "tab": "Tab", "space": "Space",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End",
    "up": "Up", "down": "Down", "left": "Left", "right": "Right",
}  # fmt: skip


TOGETHER: tuple[frozenset[Scope], ...] = (
    frozenset({Scope.MAIN, Scope.LIST, Scope.APP}),
    frozenset({Scope.FILES, Scope.LIST}),
    frozenset({Scope.SNAPSHOTS, Scope.LIST}),
    frozenset({Scope.OPERATIONS, Scope.LIST}),
    frozenset({Scope.COMPARE, Scope.LIST}),
    frozenset({Scope.HISTORY, Scope.LIST}),
    frozenset({Scope.BROWSER, Scope.LIST}),
    frozenset({Scope.CHANGES, Scope.LIST}),
    frozenset({Scope.TEXT, Scope.LIST}),
    frozenset({Scope.DIALOG, Scope.CREATE}),
    frozenset({Scope.DIALOG, Scope.XML}),
    frozenset({Scope.CHOICE}),
)
"""Scopes whose keys are there at the same time, so that one key can be of one action alone."""
INSIDE: tuple[tuple[Scope, Scope], ...] = (
    (Scope.CHOICE, Scope.DIALOG),
    (Scope.CHOICE, Scope.CREATE),
    (Scope.LIST, Scope.DIALOG),
)
"""What has the focus comes before its dialog: a choice and a list take their arrows from it, and
no other key."""


def bindings(scope: Scope) -> list[BindingType]:
    """Textual bindings of all actions of a scope."""
    return [
        Binding(",".join(action.keys), action.run, action.help, show=False, id=action.id)
        for action in ACTIONS
        if action.scope is scope
    ]


def keys_of(action: Action, overrides: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys that an action really has."""
    return overrides.get(action.id, action.keys)


def action(name: str) -> Action:
    """The action of a name."""
    return next(one for one in ACTIONS if one.id == name)


def key_of(name: str, overrides: Mapping[str, tuple[str, ...]]) -> str:
    """The first key of an action, as people write it."""
    return shown(keys_of(action(name), overrides)[0])


def go_first(overrides: Mapping[str, tuple[str, ...]]) -> str:
    """What to do where a key is of a snapshot, and the domains have the focus."""
    ways = " or ".join(key_of(name, overrides) for name in ("enter", "next_pane"))
    return f"Open the domain and choose a snapshot ({ways})."


def shown(key: str) -> str:
    """A key as people write it (``ctrl+r`` as ``Ctrl+R``)."""
    if key.startswith(("ctrl+", "shift+")):
        modifier, _, rest = key.partition("+")
        return f"{modifier.capitalize()}+{_SHOWN.get(rest, rest.upper())}"
    return _SHOWN.get(key, key.upper() if len(key) > 1 and key[1:].isdigit() else key)


def check(overrides: Mapping[str, tuple[str, ...]]) -> None:
    """Check the keys of a configuration.

    Raises:
        ConfigError: an action or a key that does not exist, the confirm key on an action, or one
            key for two actions that work in the same place.
    """
    known = {action.id for action in ACTIONS}
    for name in overrides:
        if name not in known:
            raise ConfigError(
                f"keys.{name}: no such action.",
                hint=f"Actions: {', '.join(sorted(known))}.",
            )
        for key in overrides[name]:
            if not _exists(key):
                raise ConfigError(
                    f"keys.{name}: {key} is no key.",
                    hint="A key is one character, or has a name: f5, ctrl+r, shift+tab, slash.",
                )
    for together in TOGETHER:
        owners: dict[str, str] = {}
        for action in ACTIONS:
            for key in keys_of(action, overrides) if action.scope in together else ():
                if key in (CONFIRM_KEY, CONFIRM_KEY.lower()) and key not in action.keys:
                    raise ConfigError(
                        f"keys.{action.id}: {key} is reserved for confirming dialogs."
                    )
                if key in owners:
                    raise ConfigError(f"keys.{action.id}: {key} is the key of {owners[key]} too.")
                owners[key] = action.id
    for inner, outer in INSIDE:
        for action, key in _keys_of(inner, overrides):
            for other, same in _keys_of(outer, overrides):
                if key == same and not (key in action.keys and key in other.keys):
                    named = action.id if key not in action.keys else other.id
                    owner = other.id if named == action.id else action.id
                    raise ConfigError(f"keys.{named}: {key} is the key of {owner} too.")


def _exists(key: str) -> bool:
    """Whether Textual can ever send a key of this name."""
    named = {one for action in ACTIONS for one in action.keys} | {one.value for one in Keys}
    return key in named or key_to_character(key) is not None


def _keys_of(
    scope: Scope, overrides: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Action, str]]:
    """The actions of a scope with each of their keys."""
    for action in ACTIONS:
        if action.scope is scope:
            yield from ((action, key) for key in keys_of(action, overrides))
