"""Words that people read are made from data at the end: no code branches on a sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JUDGED = ("snaptui", "tests/worlds", "tests/live/matrix", "tests/live/faults")
"""The program, and what judges it by what it says."""

ALLOWED: Mapping[str, tuple[int, str]] = {
    "snaptui/backend/virt/errors.py": (10, "libvirt's, ssh's and an agent's errors, no code"),
    "snaptui/backend/files/qemu_img.py": (1, "qemu-img's errors begin with its name"),
    "snaptui/common/shell.py": (2, "lines for a shell, made in the same module"),
    "snaptui/model/doubts.py": (1, "lays out a reason of others, which may begin with its file"),
    "snaptui/ui/panes/details.py": (1, "likewise"),
    "snaptui/plan/revert/inside.py": (1, "each reason once"),
}
"""How many comparisons each of these may have, and why."""

RENDERED = {"words", "reason", "message", "hint", "fact", "libvirt_would"}
"""Attributes that are sentences."""
_ASKED = {"startswith", "endswith", "partition", "rpartition", "removeprefix", "removesuffix"}
_EQUAL = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


class Sentences:
    """Finds comparisons with sentences in a module.

    Args:
        elsewhere: by module, the names there that stand for sentences.
    """

    def __init__(self, tree: ast.Module, elsewhere: Mapping[str, set[str]] | None = None) -> None:
        self._tree = tree
        self.names: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and elsewhere is not None:
                there = elsewhere.get(node.module or "", set())
                self.names |= {one.asname or one.name for one in node.names if one.name in there}
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._named(target, node.value)
        for each in ast.walk(tree):
            if isinstance(each, ast.comprehension) and isinstance(each.iter, ast.Name):
                self._named(each.target, each.iter)

    def _named(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._named(one, its)
        elif isinstance(target, ast.Name) and self._is_said(value):
            self.names.add(target.id)

    def lines(self) -> Iterator[int]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                asks = any(isinstance(one, _EQUAL) for one in node.ops)
                if asks and not any(map(_is_empty, sides)) and any(map(self._is_said, sides)):
                    yield node.lineno
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                sides = [node.func.value, *node.args]
                if node.func.attr in _ASKED and any(map(self._is_said, sides)):
                    yield node.lineno
            elif isinstance(node, ast.MatchValue | ast.Match):
                side = node.value if isinstance(node, ast.MatchValue) else node.subject
                if self._is_said(side):
                    yield side.lineno

    def _is_said(self, node: ast.AST) -> bool:
        """Whether it is a sentence, or holds some."""
        if isinstance(node, ast.Attribute):
            return node.attr in RENDERED
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(map(self._is_said, node.elts))
        if isinstance(node, ast.JoinedStr):
            return any(map(self._is_said, node.values))
        text = node.value if isinstance(node, ast.Constant) else None
        return isinstance(text, str) and " " in text and any(map(str.isalpha, text))


def _is_empty(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in ("", None)


def found(source: str) -> list[int]:
    return sorted(set(Sentences(ast.parse(source)).lines()))


def module(path: Path) -> str:
    return str(path.relative_to(ROOT)).removesuffix(".py").replace("/", ".")


def test_no_code_branches_on_what_people_read() -> None:
    paths = [path for part in JUDGED for path in sorted((ROOT / part).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text()) for path in paths}
    names = {module(path): Sentences(tree).names for path, tree in trees.items()}
    here = {
        str(path.relative_to(ROOT)): lines
        for path, tree in trees.items()
        if (lines := sorted(set(Sentences(tree, names).lines())))
    }
    numbers = {name: len(lines) for name, lines in here.items()}
    assert numbers == {name: number for name, (number, _) in ALLOWED.items()}, here


@pytest.mark.parametrize(
    "line",
    [
        'if state == "shut off": pass',
        'if "not yet" in words: pass',
        'if said not in ("works wrongly", "works"): pass',
        'if line.startswith("Cannot be undone"): pass',
        'if f"{name} is gone" == said: pass',
        "if plan.undo.words == said: pass",
        'if error.message.endswith("denied"): pass',
        'if error.message == "denied": pass',
        'GONE = "is gone"\nif said == GONE: pass',
        'BAD = ("is gone", "is away")\nif any(one in said for one in BAD): pass',
        'BAD = ("is gone", "is away")\nif said in BAD: pass',
        'GONE, LEFT = "is gone", "left"\nif said == GONE: pass',
        'match said:\n    case "is gone": pass',
        "match refusal.words:\n    case _: pass",
        'first, _, rest = said.partition(" --redefine")',
    ],
)
def test_a_comparison_with_a_sentence_is_found(line: str) -> None:
    assert found(line)


@pytest.mark.parametrize(
    "line",
    [
        'if state == "running": pass',
        'if line.startswith("--redefine"): pass',
        "if plan.undo.by is UndoBy.NOTHING: pass",
        'if error.hint != "": pass',
        'GONE, LEFT = "is gone", "left"\nif said == LEFT: pass',
        'said = "is gone" if gone else error.message',
        'shown = {"is gone": 1}[said]',
    ],
)
def test_what_is_data_may_be_compared(line: str) -> None:
    assert not found(line)


KEY = re.compile(r" \((?:[A-Za-z=*?/]|F\d+|Ctrl\+\w)\)|\bEsc\b|\bF[1-9]\b|[Pp]ress [A-Za-z]\b")
KEYS_ARE_NAMED_IN = {"snaptui/ui/keymap.py", "snaptui/cli/settings.py"}
"""They hold what keys are called."""


def keys_named(source: str) -> list[int]:
    """The lines of sentences that name a key as it is by default."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in docstrings
        if isinstance(node.value, str) and KEY.search(node.value)
    ]


def test_a_key_in_a_sentence_comes_from_the_table_of_keys() -> None:
    paths = sorted((ROOT / "snaptui").rglob("*.py"))
    found_in = {
        name: lines
        for path in paths
        if "key_tables" not in path.parts and (lines := keys_named(path.read_text()))
        if (name := str(path.relative_to(ROOT))) not in KEYS_ARE_NAMED_IN
    }
    assert found_in == {}
    for line in ('say("Delete it (d).")', 'f"{words}; Esc cancels."', 'say("Refresh it: F5.")'):
        assert keys_named(line), line
