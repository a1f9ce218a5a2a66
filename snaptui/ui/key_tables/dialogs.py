"""The keys of dialogs."""

from __future__ import annotations

from snaptui.ui.action import Action, Scope

DIALOGS: tuple[Action, ...] = (
    Action("cancel", ("escape",), "cancel", "Cancel; nothing happens", Scope.DIALOG),
    Action(
        "focus_back",
        ("left", "up"),
        "back",
        "Previous field or button",
        Scope.DIALOG,
        does="app.focus_previous",
    ),
    Action(
        "focus_on",
        ("right", "down"),
        "on",
        "Next field or button",
        Scope.DIALOG,
        does="app.focus_next",
    ),
    Action(
        "scroll_down",
        ("pagedown",),
        "more",
        "Scroll the text down",
        Scope.DIALOG,
        does="scroll_rest(1)",
    ),
    Action(
        "scroll_up",
        ("pageup",),
        "back",
        "Scroll the text up",
        Scope.DIALOG,
        does="scroll_rest(-1)",
    ),
    Action(
        "dialog_keys",
        ("f1", "question_mark"),
        "help",
        "This help",
        Scope.DIALOG,
        does="app.keys",
    ),
    Action(
        "dialog_copy",
        ("f4",),
        "copy",
        "Copy a name or a line of the dialog to the clipboard",
        Scope.DIALOG,
        does="copy_one",
    ),
    Action("options", ("f2",), "more", "Options, or back to the name", Scope.CREATE),
    Action("xml", ("f3",), "as XML", "The request as XML", Scope.CREATE),
    Action("use", ("f3",), "use it", "Use this XML", Scope.XML),
    Action(
        "choose_next", ("space", "right", "l"), "next", "Next word", Scope.CHOICE, does="step(1)"
    ),
    Action(
        "choose_previous",
        ("left", "h"),
        "previous",
        "Previous word",
        Scope.CHOICE,
        does="step(-1)",
    ),
)
