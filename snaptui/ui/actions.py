"""THE table of actions: bindings, help, footer, palette and the page of keys come from it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Scope(enum.Enum):
    """Where an action works; the value is the heading in the help."""

    MAIN = "Domains and snapshots"
    LIST = "Moving"
    APP = "Everywhere but in dialogs"
    FILES = "File systems"
    SNAPSHOTS = "All snapshots"
    OPERATIONS = "Operations"
    COMPARE = "Comparison"
    HISTORY = "History"
    TEXT = "Help and details"
    DIALOG = "Dialogs"
    CREATE = "Dialog: create"
    XML = "Dialog: as XML"
    CHOICE = "Dialogs: a choice of words"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does.

    Attributes:
        id: the name in the configuration.
        keys: default keys, in Textual's spelling.
        label: a word for the footer.
        changes: whether it changes anything on the host; not there when read-only.
        footer: whether the footer shows it; that of the main screen goes by the row, and
            has a table of its own.
        does: what it is in Textual's words; the method ``action_<id>`` without.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    scope: Scope
    changes: bool = False
    footer: bool = False
    does: str = ""

    @property
    def run(self) -> str:
        """What Textual runs."""
        return self.does or self.id


ACTIONS: tuple[Action, ...] = (
    Action(
        "create",
        ("c",),
        "create",
        "Create a snapshot of the domain or image, or of all marked domains",
        Scope.MAIN,
        True,
    ),
    Action(
        "revert",
        ("r",),
        "revert",
        "Revert to the snapshot",
        Scope.MAIN,
        True,
    ),
    Action(
        "delete",
        ("d",),
        "delete",
        "Delete the snapshot, or merge the orphaned overlay",
        Scope.MAIN,
        True,
    ),
    Action("undo", ("u",), "undo", "Undo: go back to a safety snapshot", Scope.MAIN, True),
    Action(
        "mark",
        ("space",),
        "mark",
        "Mark the domain for a create, or the snapshot for a delete",
        Scope.MAIN,
    ),
    Action(
        "sort",
        ("s",),
        "sort",
        "Sort domains by the next column; snapshots by space freed, or as a tree",
        Scope.MAIN,
    ),
    Action("edit", ("e",), "edit", "Change the snapshot's name or description", Scope.MAIN, True),
    Action(
        "hold", ("H",), "hold", "Hold the snapshot against deletes, or release it", Scope.MAIN, True
    ),
    Action(
        "extract", ("x",), "extract", "Extract the snapshot to a file of its own", Scope.MAIN, True
    ),
    Action(
        "thaw", ("T",), "thaw", "Ask whether the guest is frozen, and thaw it", Scope.MAIN, True
    ),
    Action(
        "adopt",
        ("a",),
        "register",
        "Register an unmanaged snapshot, or where a moved one is",
        Scope.MAIN,
        True,
    ),
    Action(
        "file_systems",
        ("F",),
        "disk usage",
        "Disk usage, and what can be deleted",
        Scope.MAIN,
    ),
    Action(
        "all_snapshots",
        ("A",),
        "all",
        "All snapshots of all domains in one list",
        Scope.MAIN,
    ),
    Action(
        "copy_one",
        ("y",),
        "copy",
        "Copy the name, a path or the virsh line to the clipboard",
        Scope.MAIN,
    ),
    Action(
        "operations",
        ("o",),
        "log",
        "Operations: what was done, and how it ended",
        Scope.MAIN,
    ),
    Action(
        "history",
        ("L",),
        "history",
        "History: what happened to the domain, and whether it can be undone",
        Scope.MAIN,
    ),
    Action(
        "compare",
        ("equals_sign",),
        "compare",
        "Compare the snapshot with now, or two marked ones with each other",
        Scope.MAIN,
    ),
    Action(
        "enter",
        ("enter",),
        "details",
        "Open the domain, fold the host, or show all details of the snapshot",
        Scope.MAIN,
    ),
    Action("back", ("escape",), "back", "Leave the filter, drop the marks, or go back", Scope.MAIN),
    Action("filter", ("slash",), "find", "Filter the list by text", Scope.MAIN),
    Action("next_pane", ("tab",), "pane", "Next pane", Scope.MAIN),
    Action("previous_pane", ("shift+tab",), "pane back", "Previous pane", Scope.MAIN),
    Action(
        "next_tab",
        ("right_square_bracket",),
        "tab",
        "Next tab of the details: summary, configuration, history, XML",
        Scope.MAIN,
    ),
    Action(
        "previous_tab",
        ("left_square_bracket",),
        "tab back",
        "Previous tab of the details",
        Scope.MAIN,
    ),
    Action("left", ("left", "h"), "domains", "To the domains", Scope.MAIN),
    Action("right", ("right", "l"), "snapshots", "To the snapshots", Scope.MAIN),
    Action("refresh", ("f5", "ctrl+r"), "refresh", "Refresh everything now", Scope.MAIN),
    Action("sign_in", ("S",), "sign in", "Connect now, and answer what ssh asks", Scope.MAIN),
    Action("add_host", ("plus",), "add host", "Add a host", Scope.MAIN),
    Action("drop_host", ("minus",), "drop host", "Remove this host from the list", Scope.MAIN),
    Action("up", ("up", "k"), "up", "Up", Scope.LIST),
    Action("down", ("down", "j"), "down", "Down", Scope.LIST),
    Action("page_up", ("pageup", "ctrl+b"), "page up", "A page up", Scope.LIST),
    Action("page_down", ("pagedown", "ctrl+f"), "page down", "A page down", Scope.LIST),
    Action("top", ("home", "g"), "top", "To the top", Scope.LIST),
    Action("bottom", ("end", "G"), "bottom", "To the bottom", Scope.LIST),
    Action(
        "files_back",
        ("escape",),
        "close",
        "Drop the marks, or close",
        Scope.FILES,
        footer=True,
        does="back",
    ),
    Action("files_mark", ("space",), "mark", "Mark", Scope.FILES, False, True, "mark"),
    Action(
        "files_delete",
        ("d",),
        "delete",
        "Delete the marked ones, or the selected one",
        Scope.FILES,
        True,
        True,
        "delete",
    ),
    Action(
        "files_jump",
        ("enter",),
        "go to it",
        "Go to the snapshot in its domain",
        Scope.FILES,
        footer=True,
        does="jump",
    ),
    Action(
        "files_pane",
        ("tab", "shift+tab"),
        "pane",
        "Other pane",
        Scope.FILES,
        footer=True,
        does="app.focus_next",
    ),
    Action(
        "files_refresh",
        ("f5", "ctrl+r"),
        "read again",
        "Refresh and count everything again",
        Scope.FILES,
        footer=True,
        does="refresh",
    ),
    Action("files_close", ("q", "F"), "close", "Close", Scope.FILES, does="dismiss"),
    Action(
        "files_keys", ("question_mark",), "help", "This help", Scope.FILES, False, True, "app.keys"
    ),
    Action(
        "all_back",
        ("escape",),
        "close",
        "Leave the filter, drop the marks, or close",
        Scope.SNAPSHOTS,
        footer=True,
        does="back",
    ),
    Action(
        "all_filter",
        ("slash",),
        "find",
        'Filter: text, >30d, <2h, >1G, held, !held ...; "held" is text',
        Scope.SNAPSHOTS,
        footer=True,
        does="filter",
    ),
    Action(
        "all_sort",
        ("s",),
        "sort",
        "Sort by the next column; a click on a heading sorts by it",
        Scope.SNAPSHOTS,
        footer=True,
        does="sort",
    ),
    Action("all_mark", ("space",), "mark", "Mark", Scope.SNAPSHOTS, False, True, "mark"),
    Action(
        "all_range",
        ("V",),
        "range",
        "Mark all from the last mark to here",
        Scope.SNAPSHOTS,
        does="range",
    ),
    Action(
        "all_every",
        ("asterisk",),
        "all",
        "Mark or unmark all that are shown",
        Scope.SNAPSHOTS,
        footer=True,
        does="every",
    ),
    Action(
        "all_rule",
        ("M",),
        "rule",
        "Mark by rule: keep the last, daily, weekly, monthly and recent ones",
        Scope.SNAPSHOTS,
        footer=True,
        does="rule",
    ),
    Action(
        "all_delete",
        ("d",),
        "delete",
        "Delete the marked ones, or the selected one",
        Scope.SNAPSHOTS,
        True,
        True,
        "delete",
    ),
    Action(
        "all_hold",
        ("H",),
        "hold",
        "Hold the snapshot against deletes, or release it",
        Scope.SNAPSHOTS,
        True,
        does="hold",
    ),
    Action(
        "all_jump",
        ("enter",),
        "go",
        "Go to the snapshot in its domain",
        Scope.SNAPSHOTS,
        footer=True,
        does="jump",
    ),
    Action(
        "all_refresh",
        ("f5", "ctrl+r"),
        "read again",
        "Refresh and count everything again",
        Scope.SNAPSHOTS,
        does="refresh",
    ),
    Action(
        "all_copy",
        ("y",),
        "copy",
        "Copy the name, a path or the virsh line to the clipboard",
        Scope.SNAPSHOTS,
        does="copy_one",
    ),
    Action(
        "all_compare",
        ("equals_sign",),
        "compare",
        "Compare the snapshot with now, or two marked ones of a domain with each other",
        Scope.SNAPSHOTS,
        does="compare",
    ),
    Action("all_close", ("q", "A"), "close", "Close", Scope.SNAPSHOTS, does="dismiss"),
    Action(
        "all_keys",
        ("question_mark",),
        "help",
        "This help",
        Scope.SNAPSHOTS,
        footer=True,
        does="app.keys",
    ),
    Action(
        "operations_close",
        ("escape", "q", "o"),
        "close",
        "Close",
        Scope.OPERATIONS,
        footer=True,
        does="dismiss",
    ),
    Action(
        "operations_pane",
        ("tab", "shift+tab"),
        "pane",
        "Other pane",
        Scope.OPERATIONS,
        footer=True,
        does="app.focus_next",
    ),
    Action(
        "copy",
        ("y",),
        "copy the command lines",
        "Copy the command lines to the clipboard",
        Scope.OPERATIONS,
        footer=True,
    ),
    Action(
        "give_up",
        ("x", "delete"),
        "cancel",
        "Cancel the running operation",
        Scope.OPERATIONS,
        footer=True,
    ),
    Action(
        "operations_keys",
        ("question_mark",),
        "help",
        "This help",
        Scope.OPERATIONS,
        footer=True,
        does="app.keys",
    ),
    Action(
        "compare_close",
        ("escape", "q", "equals_sign"),
        "close",
        "Close",
        Scope.COMPARE,
        footer=True,
        does="dismiss",
    ),
    Action(
        "compare_refresh",
        ("f5", "ctrl+r"),
        "read again",
        "Read everything again",
        Scope.COMPARE,
        footer=True,
        does="refresh",
    ),
    Action(
        "compare_copy",
        ("y",),
        "copy",
        "Copy the line, a name or a virsh line to the clipboard",
        Scope.COMPARE,
        footer=True,
        does="copy_one",
    ),
    Action(
        "compare_keys",
        ("question_mark",),
        "help",
        "This help",
        Scope.COMPARE,
        footer=True,
        does="app.keys",
    ),
    Action(
        "history_close",
        ("escape", "q", "L"),
        "close",
        "Close",
        Scope.HISTORY,
        footer=True,
        does="dismiss",
    ),
    Action(
        "history_pane",
        ("tab", "shift+tab"),
        "pane",
        "Other pane",
        Scope.HISTORY,
        footer=True,
        does="app.focus_next",
    ),
    Action(
        "history_copy",
        ("y",),
        "copy",
        "Copy a name or a command line to the clipboard",
        Scope.HISTORY,
        footer=True,
        does="copy_one",
    ),
    Action(
        "history_keys",
        ("question_mark",),
        "help",
        "This help",
        Scope.HISTORY,
        footer=True,
        does="app.keys",
    ),
    Action(
        "close",
        ("escape", "q", "question_mark"),
        "close",
        "Leave the search, or close",
        Scope.TEXT,
        footer=True,
    ),
    Action("search", ("slash",), "search", "Search", Scope.TEXT, footer=True),
    Action("next", ("n",), "next", "Next line with the text", Scope.TEXT, False, True, "next(1)"),
    Action(
        "previous",
        ("N",),
        "previous",
        "Previous line with the text",
        Scope.TEXT,
        footer=True,
        does="next(-1)",
    ),
    Action(
        "text_copy",
        ("y",),
        "copy",
        "Copy the line or all lines to the clipboard",
        Scope.TEXT,
        footer=True,
        does="copy_one",
    ),
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
    Action("keys", ("question_mark",), "help", "This help", Scope.APP),
    Action("leave", ("q", "ctrl+q"), "quit", "Quit", Scope.APP),
    Action(
        "command_palette",
        ("colon", "ctrl+p"),
        "commands",
        "Command palette",
        Scope.APP,
    ),
)
