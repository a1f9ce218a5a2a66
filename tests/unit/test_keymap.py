"""The table of actions: its keys do not clash, and a configuration cannot make them."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_ALIASES, Keys
from textual.screen import Screen
from textual.widget import Widget

from snaptui.common.errors import ConfigError
from snaptui.ui import keymap
from snaptui.ui.action import Action, Scope
from snaptui.ui.actions import ACTIONS
from snaptui.ui.app import SnaptuiApp
from snaptui.ui.dialogs.create import CreateDialog
from snaptui.ui.dialogs.dialog import Choice, Dialog
from snaptui.ui.dialogs.xml import XmlDialog
from snaptui.ui.keymap import CONFIRM_KEY, INSIDE, TOGETHER
from snaptui.ui.main.screen import MainScreen
from snaptui.ui.panes.row_list import RowList
from snaptui.ui.screens.all_snapshots import AllScreen
from snaptui.ui.screens.compare import CompareScreen
from snaptui.ui.screens.file_changes import ChangesScreen
from snaptui.ui.screens.guest_files import FilesScreen
from snaptui.ui.screens.history import HistoryScreen
from snaptui.ui.screens.operations import OperationsPane
from snaptui.ui.screens.reclaimable import SpaceScreen
from snaptui.ui.screens.text import TextScreen

UI = Path(keymap.__file__).parent
NAMED = {key.value for key in Keys} | set(KEY_ALIASES) | {
    "slash", "question_mark", "colon", "asterisk", "plus", "minus",
    "equals_sign", "apostrophe", "left_square_bracket", "right_square_bracket",
}  # fmt: skip
IDS = [action.id for action in ACTIONS]
KEYS = sorted({key for action in ACTIONS for key in action.keys})


def test_no_key_belongs_to_two_actions() -> None:
    for scopes in TOGETHER:
        keys = Counter(key for action in ACTIONS if action.scope in scopes for key in action.keys)
        assert [key for key, owners in keys.items() if owners > 1] == []
    assert frozenset().union(*TOGETHER) == set(Scope)
    assert [name for name, times in Counter(IDS).items() if times > 1] == []


def test_the_table_passes_its_own_check() -> None:
    for action in ACTIONS:
        keymap.check({action.id: action.keys})
    near = {action.id for action in ACTIONS if CONFIRM_KEY.lower() in action.keys}
    assert near == {
        "copy",
        "copy_one",
        "all_copy",
        "compare_copy",
        "history_copy",
        "text_copy",
        "browse_copy",
        "changes_copy",
    }, "no list confirms anything"
    assert CONFIRM_KEY not in KEYS


def test_every_key_is_one_that_textual_knows() -> None:
    assert [key for key in KEYS if len(key) > 1 and key not in NAMED] == []


def test_every_action_has_a_key_words_and_exactly_one_binding() -> None:
    found: list[str | None] = []
    for scope in Scope:
        for binding in keymap.bindings(scope):
            assert isinstance(binding, Binding)
            found.append(binding.id)
            assert binding.key
    assert sorted(map(str, found)) == sorted(IDS)
    assert all(action.keys and action.label and action.help for action in ACTIONS)


def scopes_of(kind: type[DOMNode]) -> set[Scope]:
    """The scopes whose actions a screen or widget has, with those of what it is made from."""
    found = {
        binding.id
        for each in kind.__mro__
        for binding in vars(each).get("BINDINGS", ())
        if isinstance(binding, Binding)
    }
    return {action.scope for action in ACTIONS if action.id in found}


def kinds(of: type[DOMNode]) -> list[type[DOMNode]]:
    """All of the program that are made from one."""
    for path in UI.rglob("*.py"):
        name = ".".join(path.relative_to(UI.parents[1]).with_suffix("").parts)
        importlib.import_module(name.removesuffix(".__init__"))
    found, due = [], [of]
    while due:
        below = due.pop().__subclasses__()
        found += [each for each in below if each.__module__.startswith("snaptui.")]
        due += below
    return found


def test_the_check_holds_for_every_screen_dialog_and_list() -> None:
    """What a screen has and what may have the focus in it are checked together."""
    inside = {frozenset(pair) for pair in INSIDE}
    screens, lists = kinds(Screen), kinds(RowList)
    assert len(screens) > 20
    assert len(lists) > 8
    for screen in screens:
        own = scopes_of(screen)
        assert any(own <= together for together in TOGETHER), screen
        for scope in own:
            pair = {scope, Scope.LIST}
            assert any(pair <= together for together in (*TOGETHER, *inside)) or scope in (
                Scope.CREATE, Scope.XML,
            ), f"{screen}: no dialog with fields alone has a list"  # fmt: skip
    assert {frozenset(scopes_of(one)) for one in lists} == {frozenset({Scope.LIST})}


def test_no_list_has_the_key_that_confirms() -> None:
    """Also none of Textual's own, whatever it is made from."""
    for one in kinds(Widget):
        keys = {
            key
            for each in one.__mro__
            for binding in vars(each).get("BINDINGS", ())
            for key in (binding.key if isinstance(binding, Binding) else binding[0]).split(",")
        }
        assert CONFIRM_KEY not in keys, one


def test_all_keys_of_the_screens_are_in_the_table() -> None:
    """So each can be bound to another key, and the help has it."""
    for path in UI.rglob("*.py"):
        if path.name != "keymap.py":
            assert "Binding(" not in path.read_text(), path


def test_every_action_of_a_screen_can_be_run() -> None:
    owners: dict[Scope, type[object]] = {
        Scope.MAIN: MainScreen, Scope.LIST: RowList, Scope.APP: SnaptuiApp,
        Scope.FILES: SpaceScreen, Scope.SNAPSHOTS: AllScreen,
        Scope.OPERATIONS: OperationsPane, Scope.COMPARE: CompareScreen,
        Scope.HISTORY: HistoryScreen, Scope.TEXT: TextScreen,
        Scope.BROWSER: FilesScreen, Scope.CHANGES: ChangesScreen,
        Scope.DIALOG: Dialog, Scope.CREATE: CreateDialog, Scope.XML: XmlDialog,
        Scope.CHOICE: Choice,
    }  # fmt: skip
    for action in ACTIONS:
        name = action.run.removeprefix("app.").partition("(")[0]
        owner = SnaptuiApp if action.run.startswith("app.") else owners[action.scope]
        assert hasattr(owner, f"action_{name}"), action.id


def test_only_the_actions_that_change_a_host_say_so() -> None:
    changing = {action.id for action in ACTIONS if action.changes}
    assert changing == {
        "all_delete",
        "all_hold",
        "browse_put_in",
        "create",
        "revert",
        "delete",
        "undo",
        "edit",
        "hold",
        "adopt",
        "extract",
        "files_delete",
        "thaw",
    }


def test_unknown_actions_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError) as caught:
        keymap.check({"explode": ("x",)})
    assert caught.value.message == "keys.explode: no such action."
    assert all(name in caught.value.hint for name in IDS)


@pytest.mark.parametrize("action", ACTIONS, ids=IDS)
@pytest.mark.parametrize("key", [CONFIRM_KEY, CONFIRM_KEY.lower()])
def test_the_confirm_key_is_refused_for_every_action(action: Action, key: str) -> None:
    if key in action.keys:
        keymap.check({action.id: ("f9", key)})
        return
    with pytest.raises(ConfigError, match=rf"keys\.{action.id}: {key} is reserved for confirming"):
        keymap.check({action.id: ("f9", key)})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"delete": ("c",)}, "keys.delete: c is the key of create too."),
        ({"leave": ("j",)}, "keys.leave: j is the key of down too."),
        ({"up": ("m",), "down": ("m",)}, "keys.down: m is the key of up too."),
        ({"up": ("m", "m")}, "keys.up: m is the key of up too."),
        ({"up": ("f4",)}, "keys.up: f4 is the key of dialog_copy too."),
        ({"choose_next": ("f2",)}, "keys.choose_next: f2 is the key of options too."),
        ({"dialog_copy": ("g",)}, "keys.dialog_copy: g is the key of top too."),
        ({"scroll_up": ("up",)}, "keys.scroll_up: up is the key of focus_back too."),
    ],
)
def test_a_key_for_two_actions_is_refused(
    overrides: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        keymap.check(overrides)
    assert caught.value.message == message


def test_keys_may_be_swapped() -> None:
    swapped = {"create": ("d",), "delete": ("c",)}
    keymap.check(swapped)
    shown = {action.id: keymap.keys_of(action, swapped) for action in ACTIONS}
    assert (shown["create"], shown["delete"], shown["revert"]) == (("d",), ("c",), ("r",))


@given(
    st.dictionaries(
        st.sampled_from(IDS),
        st.lists(st.sampled_from([*KEYS, "Y", "y", "f8", "f9"]), min_size=1, max_size=3),
    )
)
def test_what_passes_the_check_has_no_clash(chosen: dict[str, list[str]]) -> None:
    overrides = {name: tuple(keys) for name, keys in chosen.items()}
    each = [(action, key) for action in ACTIONS for key in keymap.keys_of(action, overrides)]
    clash = any(key in ("Y", "y") and key not in action.keys for action, key in each)
    for scopes in TOGETHER:
        keys = [key for action, key in each if action.scope in scopes]
        clash = clash or len(keys) != len(set(keys))
    for inner, outer in INSIDE:
        own = [(action, key) for action, key in each if action.scope is inner]
        others = [(action, key) for action, key in each if action.scope is outer]
        clash = clash or any(
            key == other and not (key in action.keys and key in beneath.keys)
            for action, key in own
            for beneath, other in others
        )
    try:
        keymap.check(overrides)
    except ConfigError:
        assert clash
    else:
        assert not clash


@pytest.mark.parametrize(
    ("key", "words"),
    [("slash", "/"), ("ctrl+r", "Ctrl+R"), ("shift+tab", "Shift+Tab"), ("escape", "Esc"),
     ("c", "c"), ("G", "G"), ("f5", "F5"), ("f10", "F10"), ("question_mark", "?")],
)  # fmt: skip
def test_keys_are_shown_as_people_write_them(key: str, words: str) -> None:
    assert keymap.shown(key) == words


@pytest.mark.parametrize("key", ["foo", "ctrl+foo", "alt+", "shift tab"])
def test_a_key_that_no_terminal_sends_is_refused(key: str) -> None:
    """The action would be gone, without a word."""
    with pytest.raises(ConfigError) as caught:
        keymap.check({"revert": (key,)})
    assert caught.value.message == f"keys.revert: {key} is no key."


@pytest.mark.parametrize("key", ["ä", "f9", "ctrl+left", "percent_sign", "%"])
def test_keys_of_all_sorts_are_taken(key: str) -> None:
    keymap.check({"revert": (key,)})
