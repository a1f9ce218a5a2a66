"""The tree of files that differ at two times."""

from __future__ import annotations

from collections.abc import Iterator

from snaptui.common import text
from snaptui.guest_files.changes import Branch, Change, ChangeTree, FileChange, Sums
from snaptui.ui.format import Glyphs, clean, fit, fit_name
from snaptui.ui.panes.row_list import Cell, RowList

WHAT, SIZE, GROWN = 30, 6, 7
"""Cells of what became of a file, of its size, and of what it takes more."""
_SIGNS = {
    Change.ADDED: ("+", "good"),
    Change.REMOVED: ("-", "bad"),
    Change.CHANGED: ("~", "warn"),
    Change.NOT_COMPARED: ("?", "muted"),
    Change.SAME: ("=", "muted"),
}
"""The sign in front of a file, and the role of its row."""
_QUIET = (Change.NOT_COMPARED, Change.SAME)


class ChangeRow:
    """A row: a folder, or a file.

    Attributes:
        depth: how many folders it is in.
    """

    __slots__ = ("branch", "change", "depth")

    def __init__(self, depth: int, change: FileChange | None, branch: Branch | None = None) -> None:
        self.depth = depth
        self.change = change
        self.branch = branch

    @property
    def path(self) -> str:
        """Relative to the folder that is compared; empty for that."""
        if self.branch is not None:
            return self.branch.path
        assert self.change is not None
        return self.change.path


class ChangeList(RowList):
    """Folders that can be opened, with sums; a filter shows files by their paths.

    Attributes:
        quiet: whether files are shown that do not differ, as far as known.
    """

    def __init__(self, glyphs: Glyphs, folder: str) -> None:
        super().__init__(id="changes")
        self._glyphs = glyphs
        self._folder = folder
        self._tree = ChangeTree()
        self._rows: list[ChangeRow] = []
        self._open: set[str] = {""}
        self._wanted = ""
        self._finished = False
        self.quiet = False

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def selected(self) -> ChangeRow | None:
        """The one under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    def show(self, tree: ChangeTree, *, finished: bool = True) -> None:
        """Show what is known now; the cursor stays on its path.

        Args:
            finished: all of it was compared.
        """
        self._tree, self._finished = tree, finished
        before = self.selected
        self._rows = list(self._found() if self._wanted else self._below(tree.root, 0))
        path = before.path if before is not None else ""
        at = next((i for i, row in enumerate(self._rows) if row.path == path), self.cursor)
        self.rows_changed(at)

    def _show_again(self) -> None:
        self.show(self._tree, finished=self._finished)

    def filter(self, wanted: str) -> None:
        """Show the files whose path has a text, whatever its case; all for none."""
        self._wanted = wanted.casefold()
        self._show_again()

    def show_quiet(self, quiet: bool) -> None:
        """Show what does not differ too, or do not."""
        self.quiet = quiet
        self._show_again()

    def fold(self, branch: Branch) -> None:
        """Open a folder, or close it."""
        self._open ^= {branch.path}
        self._show_again()

    def is_open(self, branch: Branch) -> bool:
        """Whether what is in a folder is shown."""
        return branch.path in self._open

    def fold_all(self) -> None:
        """Open all folders, or close them if none is closed."""
        every = {branch.path for branch in _branches(self._tree.root)}
        self._open = {""} if every <= self._open else every
        self._show_again()

    def go_above(self) -> None:
        """To the folder that the row is in."""
        row = self.selected
        if row is None or not row.path:
            return
        above = row.path.rpartition("/")[0]
        at = next((i for i, one in enumerate(self._rows) if one.path == above), self.cursor)
        self.cursor = at

    def _below(self, branch: Branch, depth: int) -> Iterator[ChangeRow]:
        yield ChangeRow(depth, branch.change, branch)
        if branch.path not in self._open:
            return
        for name in sorted(branch.folders):
            each = branch.folders[name]
            if self.quiet or each.sums.differing or _differs(each.change):
                yield from self._below(each, depth + 1)
        for name in sorted(branch.files):
            change = branch.files[name]
            if self.quiet or change.kind not in _QUIET:
                yield ChangeRow(depth + 1, change)

    def _found(self) -> Iterator[ChangeRow]:
        for change in self._tree.root.below():
            if self._wanted in change.path.casefold() and (self.quiet or change.kind not in _QUIET):
                yield ChangeRow(0, change)

    def cells(self, index: int, width: int) -> list[Cell]:
        """Cursor, sign and name, what became of it, its size, what it takes more."""
        row, glyphs = self._rows[index], self._glyphs
        marker = glyphs.cursor if index == self.cursor else " "
        what_width, size_width = columns(width)
        room = width - 2 - what_width - size_width - GROWN
        change, branch = row.change, row.branch
        if branch is not None:
            sign = glyphs.unfolded if self.is_open(branch) else glyphs.folded
            name, role, grown = f"{branch.name or self._folder}", "strong", branch.sums.grown
            due = not self._finished and branch is self._tree.root and not branch.sums.differing
            what, size = "being compared" if due else folder_words(branch), ""
        else:
            assert change is not None
            sign, role = _SIGNS[change.kind]
            name = change.path if self._wanted else change.name
            what, size = what_words(change), text.tiny_size(change.later.size)
            grown = change.grown
        lead = f"{'  ' * row.depth}{sign} "
        return [
            (f"{marker} ", "strong"),
            (lead + fit_name(clean(name, glyphs), room - len(lead), glyphs), role),
            (fit(f" {what}", what_width, glyphs), "" if branch is not None else role),
            (fit(size, size_width, glyphs, right=True), ""),
            (fit(grown_words(grown), GROWN, glyphs, right=True), ""),
        ]

    def heading(self, width: int, glyphs: Glyphs) -> str:
        """Titles of the columns, in the places of :meth:`cells`."""
        what, size = columns(width)
        name = width - 2 - what - size - GROWN
        return (
            f"  {fit('Name', name, glyphs)}{fit(' Difference', what, glyphs)}"
            f"{fit('Size', size, glyphs, right=True)}{fit('Grows', GROWN, glyphs, right=True)}"
        )


def columns(width: int) -> tuple[int, int]:
    """Cells of what became of a file, and of its size."""
    return max(WHAT, width // 4), SIZE + 1


def what_words(change: FileChange) -> str:
    """What became of a file, and in what it differs."""
    words = [aspect.value for aspect in change.aspects]
    if change.equal is not None and change.aspects:
        words.append("same content" if change.equal else "content")
    elif change.equal is False:
        words.append("content")
    return f"{change.kind.value}: {', '.join(words)}" if words else change.kind.value


def folder_words(branch: Branch) -> str:
    """What is below a folder, and what became of itself."""
    own = branch.change
    words = [what_words(own)] if own is not None and _differs(own) else []
    return ", ".join([*words, *sums_words(branch.sums)]) or "nothing differs"


def sums_words(sums: Sums) -> Iterator[str]:
    """How many files are what, by their signs; nothing where none is anything."""
    shown = (Change.ADDED, Change.REMOVED, Change.CHANGED, Change.NOT_COMPARED)
    signs = [f"{_SIGNS[kind][0]}{sums.number[kind]:,}" for kind in shown if sums.number[kind]]
    if signs:
        yield " ".join(signs)


def grown_words(size: int) -> str:
    """What is taken more, or less; nothing for none."""
    if not size:
        return ""
    return f"{'-' if size < 0 else '+'}{text.tiny_size(abs(size))}"


def _differs(change: FileChange | None) -> bool:
    return change is not None and change.kind not in _QUIET


def _branches(branch: Branch) -> Iterator[Branch]:
    yield branch
    for each in branch.folders.values():
        yield from _branches(each)
