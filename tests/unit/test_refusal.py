"""What a plan refuses and says is data, and its words are made at the end."""

from __future__ import annotations

import ast
import enum
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

import snaptui
from snaptui.model import libvirt_codes
from snaptui.plan.combine import deletes
from snaptui.plan.create import create
from snaptui.plan.outcome import End, UndoBy
from snaptui.plan.plan import CreateIntent
from snaptui.plan.refusal import Harm, once, refuse
from snaptui.plan.remark import Note, Unchecked, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from tests.unit.made import KEY, RAW, VDA, config, facts

TABLES: dict[str, type[enum.Enum]] = {
    table.__name__: table for table in (Why, Way, End, UndoBy, Warn, Note, Unchecked)
}
MAKERS = ("refuse", "after", "undo", "remark")
CHOOSING = [
    path
    for path in sorted(Path(snaptui.__file__).parent.rglob("*.py"))
    if re.search(rf"\b({'|'.join(MAKERS)})\(", path.read_text())
]
"""Where a sentence is chosen."""


def test_what_libvirt_would_do_stays_with_it() -> None:
    refusal = refuse(Why.BUSY, Way.WAIT_OFF, domain="web").but(code=67, harm=Harm.STOPPED)
    assert (
        refusal.of("db").words
        == "db: libvirt is busy with another job on web. Wait until it is off."
    )
    assert refusal.libvirt_would == (
        "libvirt would fail with 'unsupported configuration' (VIR_ERR_CONFIG_UNSUPPORTED) and "
        "stop the guest"
    )
    assert refuse(Why.NAME_EMPTY).libvirt_would == ""


def test_each_code_that_a_plan_foretells_has_the_name_that_libvirt_gives_it() -> None:
    codes = {name: code for name, code in vars(libvirt_codes).items() if isinstance(code, int)}
    assert len(codes) > 10
    for code in codes.values():
        name = libvirt_codes.called(code).partition("(")[2].rstrip(")")
        assert name.startswith("VIR_ERR_")
        assert getattr(libvirt, name, code) == code, "newer ones are not in each binding"


def test_plans_of_several_domains_keep_what_libvirt_would_do() -> None:
    plan = create.plan(CreateIntent(KEY, "new", ""), facts(disks=config(VDA, RAW)))
    (refusal,) = deletes((plan, plan), ("a", "a"), "").refusals
    assert refusal.code == 67


def test_the_same_is_said_once() -> None:
    """Of two that say the same, the one that knows what libvirt would do; a plan holds no twins."""
    plain, known = refuse(Why.NAME_EMPTY), refuse(Why.NAME_EMPTY, code=67)
    other = refuse(Why.BUSY, Way.WAIT_OFF, domain="web")
    assert once((plain, other, known, plain)) == (known, other)
    assert once((known, plain)) == (known,)
    plan = create.plan(CreateIntent(KEY, "new", ""), facts(disks=config(VDA, RAW)))
    lost, plain_ram = remark(Warn.DISK_LOST, disk="vda", path="/a"), remark(Warn.RAM_PLAIN)
    twice = replace(plan, refusals=(other, plain, other), warnings=(lost, plain_ram, lost))
    assert twice.refusals == (other, plain)
    assert twice.warnings == (lost, plain_ram)


def test_nothing_advises_the_repair_that_repairs_nothing() -> None:
    """``qemu-img check -r leaks`` takes the mark off a dirty image, and the next write destroys."""
    pages = [Path("README.md"), *Path("docs").glob("*.md")]
    sources = [*Path(snaptui.__file__).parent.rglob("*.py"), *pages]
    assert [path for path in sources if "-r leaks" in path.read_text()] == []


def test_names_of_others_are_no_templates() -> None:
    assert "{path}" in refuse(Why.NAME_TAKEN, name="{path}").words
    assert "{path}" in remark(Warn.DISK_LEFT_OUT, disk="{path}").words


def test_what_is_said_of_one_of_several_says_of_which() -> None:
    plain = remark(Note.RAM_REMOVED, path="/m")
    assert plain.of("db").words == f"db: {plain.words}" == "db: Its RAM file, /m, is removed."
    assert len({plain, plain.of("db"), remark(Note.RAM_REMOVED, path="/m")}) == 2


def calls(path: Path) -> Iterator[ast.Call]:
    """All places of a module where a sentence is chosen with the names that it needs."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
            yield node


def named(node: ast.Call) -> Iterator[tuple[str, str]]:
    """The members among its arguments, also where one of two is chosen there."""
    for part in (sub for arg in node.args for sub in ast.walk(arg)):
        if isinstance(part, ast.Attribute) and getattr(part.value, "id", "") in TABLES:
            yield part.value.id, part.attr  # type: ignore[attr-defined]  # an ast.Name


@pytest.mark.parametrize("path", CHOOSING, ids=lambda path: path.stem)
def test_every_sentence_gets_all_its_names(path: Path) -> None:
    """Where the names are written out; what is passed on in a dictionary is seen in its test."""
    lacking = []
    for node in calls(path):
        given = {one.arg for one in node.keywords}
        for table, member in named(node) if None not in given else ():
            template = TABLES[table][member].value
            needed = {field for _, field, _, _ in string.Formatter().parse(template) if field}
            if not needed <= given:
                lacking.append(f"line {node.lineno}: {member} lacks {needed - given}")
    assert lacking == []


def test_every_sentence_is_used() -> None:
    source = "".join(path.read_text() for path in Path(snaptui.__file__).parent.rglob("*.py"))
    for table, members in TABLES.items():
        used = set(re.findall(rf"\b{table}\.([A-Z0-9_]+)", source))
        unused = [one.name for one in members if one.name not in used]
        assert unused == [], table
        assert len(members.__members__) == len(members), f"two of {table} say the same"
