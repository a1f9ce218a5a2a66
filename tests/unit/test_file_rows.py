"""Rows of the tree of changes, and of a folder of a guest."""

from __future__ import annotations

import dataclasses
import stat

from snaptui.guest_files.changes import Branch, FileChange, compared
from snaptui.guest_files.changes import ChangeTree as Tree
from snaptui.model.guest_file import GuestFile
from snaptui.ui.panes.file_changes import folder_words, grown_words, what_words
from snaptui.ui.panes.guest_files import columns

FILE = GuestFile("file", stat.S_IFREG | 0o644, 0, 0, 10, 1, 1, 7, 1, 1)


def test_a_folder_says_how_many_files_below_it_are_what() -> None:
    found = Tree()
    grown = dataclasses.replace(FILE, size=30)
    one = {"gone": FILE, "grown": FILE, "same": FILE}
    for each in compared(one, {"new": FILE, "grown": grown, "same": FILE}):
        found.put(each)
    assert folder_words(found.root) == "+1 -1 ~1 ?1"
    assert folder_words(Branch("empty")) == "nothing differs"


def test_a_file_says_in_what_it_differs() -> None:
    grown = FileChange("a", FILE, dataclasses.replace(FILE, size=30))
    assert what_words(grown) == "changed: size"
    assert what_words(dataclasses.replace(grown, equal=False)) == "changed: size, content"
    moved = FileChange("a", FILE, dataclasses.replace(FILE, modified=2), equal=True)
    assert what_words(moved) == "changed: modified, same content"
    assert what_words(FileChange("a", None, FILE)) == "added"
    assert what_words(FileChange("a", FILE, FILE)) == "not compared"
    assert (grown_words(0), grown_words(20), grown_words(-10)) == ("", "+20B", "-10B")


def test_a_narrow_list_leaves_the_permissions_out_first_and_then_the_moment() -> None:
    for width, titles in (
        (80, ["Mode", "Size", "Modified", "Name"]),
        (50, ["Size", "Modified", "Name"]),
        (30, ["Size", "Name"]),
    ):
        shown = columns(width)
        assert [title for title, _ in shown] == titles
        assert sum(cells + 1 for _, cells in shown) - 1 <= width - 2
