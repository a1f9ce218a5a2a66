"""A line that stands in a sentence can be pasted too: one function quotes its names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import snaptui
from snaptui.backend.virt.named_files import idle_pool
from snaptui.common import shell
from snaptui.model.virsh_line import virsh_there
from snaptui.plan.checks import domain_checks
from tests.shells import argv
from tests.unit.made import KEY, facts

TOOLS = ("virsh", "qemu-img", "systemctl", "usermod", "lvextend", "rm", "mv", "chmod", "ssh")
COMMAND = re.compile(rf"\b(?:{'|'.join(TOOLS)}) [^,;:()]*\0")
"""A tool and the value of a name, with nothing between that ends the line."""
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def sentences() -> Iterator[tuple[str, str]]:
    """All strings of the program, a NUL in the place of each value that is put in."""
    for path in sorted(Path(snaptui.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text())
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        within = {id(part) for node in ast.walk(tree) for part in parts_of(node)}
        within |= {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                yield where, "".join(map(filled, node.values))
            elif isinstance(node, ast.Constant) and id(node) not in within:
                yield where, re.sub(r"\{\w+\}", "\0", str(node.value))


def parts_of(node: ast.AST) -> list[ast.expr]:
    return node.values if isinstance(node, ast.JoinedStr) else []


def filled(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "\0"


def test_no_sentence_pastes_a_name_into_a_line() -> None:
    found = [where for where, said in sentences() if COMMAND.search(said)]
    assert found == [], "make the line with snaptui.common.shell, and hand it to the sentence"


def test_each_name_in_a_line_of_virsh_stands_behind_its_option() -> None:
    """A name that begins with a hyphen would be an option itself."""
    found = [
        (where, ast.unparse(word))
        for where, words in virsh_lines()
        for word in words
        if not isinstance(word, ast.Constant | ast.Starred)
        and not ast.unparse(word).startswith(("f'--", "option(", "of_domain("))
    ]
    assert [one for one in found if one[1] not in ("command", "host.label")] == []


def virsh_lines() -> Iterator[tuple[str, list[ast.expr]]]:
    for path in sorted(Path(snaptui.__file__).parent.rglob("*.py")):
        if "shell.line(" not in (source := path.read_text()):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "shell.line":
                words = getattr(node.args[0], "elts", [])
                if words and ast.unparse(words[0]) == "'virsh'":
                    yield f"{path.name}:{node.lineno}", words


@pytest.mark.parametrize(
    ("said", "bad"),
    [
        ("End it (virsh destroy \0), then go on.", True),
        ("virsh blockjob \0 \0 --pivot keeps it", True),
        ("qemu-img rebase -u -b \0 -F qcow2", True),
        ("Start it (virsh start), then delete \0.", False),
        ("End it (\0), then go on.", False),
    ],
)
def test_that_would_be_seen(said: str, bad: bool) -> None:
    assert bool(COMMAND.search(said)) is bad


@given(NAMES)
@example("a b;c")
@example("$(id)")
@example("-x")
@example("--domain=other")
@example("12")
@example("end\n")
@settings(max_examples=25, deadline=None)
def test_any_name_arrives_as_one_word(name: str) -> None:
    plain = name.isprintable() and not name[0].isdigit()
    domain = f"--domain={name if plain else KEY.uuid}"
    assert argv(virsh_there("edit", name, KEY.uuid)) == ["virsh", "edit", domain]
    left = domain_checks.left_job(name, KEY.uuid, ["vda"]).partition("(")[2].rpartition(")")[0]
    assert argv(left) == ["virsh", "blockjob", domain, "--path=vda", "--abort"]
    pool = idle_pool(name, "").reason.partition("(")[2].rpartition(", or ")[0]
    assert argv(pool) == ["virsh", "pool-start", f"--pool={name}"]


def test_the_domain_of_a_refusal_is_quoted() -> None:
    known = facts()
    assert known.edit_line == shell.line(["virsh", "edit", f"--domain={known.name}"])
