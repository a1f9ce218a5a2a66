"""The keys of the main screen, and those that work everywhere."""

from __future__ import annotations

from snaptui.ui.action import Action, Scope

MAIN: tuple[Action, ...] = (
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
        "Delete the snapshot, or merge the unnamed overlay",
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
    Action("rule", ("M",), "rule", "Mark by rule in the list of all snapshots", Scope.MAIN),
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
        "guest_files",
        ("f",),
        "files",
        "Files inside the guest at the snapshot, or now: browse, copy out, compare",
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
)

EVERYWHERE: tuple[Action, ...] = (
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
