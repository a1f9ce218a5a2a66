"""The tests go through what the program offers, and touch none of its private names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROGRAM = TESTS.parent / "snaptui"


BY_NAME = {"getattr", "setattr", "delattr", "patch", "object"}
"""What takes an attribute by its name."""


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def made_in(tree: ast.Module) -> Iterator[str]:
    """Private names that a module defines, or gives to its objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def touched_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Private names of others that a module reads, or replaces by their name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and called(node) in BY_NAME:
            for one in node.args:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.lineno, one.value.rpartition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, one.name) for one in node.names if is_private(one.name))


def test_no_test_touches_a_private_name_of_the_program() -> None:
    tests = {path: ast.parse(path.read_text()) for path in sorted(TESTS.rglob("*.py"))}
    programs = (ast.parse(path.read_text()) for path in PROGRAM.rglob("*.py"))
    own = {name for tree in tests.values() for name in made_in(tree)}
    theirs = {name for tree in programs for name in made_in(tree) if is_private(name)} - own
    found = [
        f"{path.relative_to(TESTS)}:{line}: {name}"
        for path, tree in tests.items()
        for line, name in touched_in(tree)
        if name in theirs
    ]
    assert found == []
