"""Who took a snapshot, as it says itself: never more than shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.common import text
from snaptui.model import author_mark, group_mark, hold_mark
from snaptui.model.group_mark import Group
from snaptui.model.hold_mark import Hold
from snaptui.plan.checks.name_checks import description_problems
from snaptui.plan.plan import CreateIntent, EditIntent, HoldIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.steps.metadata import Redefine
from tests.unit.made import KEY, facts, snapshot

WHO = "root@kvm7"
GROUP = Group("group-20261124T060000Z-4f2a", 2, members=("a", "b"))
HOLD = Hold("ana@pc", "2026-11-24T06:00:00Z")


@given(st.text(max_size=60), st.text(max_size=20), st.booleans(), st.booleans())
def test_all_marks_come_off_again(words: str, account: str, grouped: bool, held: bool) -> None:
    """In whatever order they were put on, the text is as it was."""
    who = author_mark.author(f"a{account}@kvm7", "")
    group, hold = (GROUP if grouped else None), (HOLD if held else None)
    plain = author_mark.without(words)
    signed = author_mark.marked(plain, who)
    one = snapshot(description=hold_mark.marked(group_mark.marked(signed, group), hold))
    assert group_mark.author_of(one) == who
    assert group_mark.described(one) == plain
    assert group_mark.group_of(one) == group
    assert hold_mark.hold_of(one) == hold
    again = replace(one, description=group_mark.redescribed(one, "other", group))
    assert group_mark.described(again) == "other"
    assert (group_mark.author_of(again), hold_mark.hold_of(again)) == (who, hold)


@given(st.text(), st.text())
def test_a_name_can_neither_end_the_mark_nor_hide(account: str, caller: str) -> None:
    who = author_mark.author(account, caller)
    assert len(who) <= author_mark.LONGEST
    assert not {"[", "]", "\n"} & set(who)
    assert not any(map(text.invisible, who))
    assert author_mark.author_in(author_mark.marked("text", who)) == who
    assert not description_problems(author_mark.marked("text", who))


def test_who_called_it_with_sudo_is_named_too() -> None:
    assert author_mark.author(WHO, "") == WHO
    assert author_mark.author(WHO, "ana") == f"{WHO} (sudo: ana)"


@pytest.mark.parametrize("description", ["", "why [by hand]x", "[by a@b]\nmore", "[by  ", "[by ]"])
def test_what_is_no_last_line_of_its_own_is_text(description: str) -> None:
    assert author_mark.author_in(description) == ""
    assert author_mark.without(description) == description


@pytest.mark.parametrize("author", [WHO, ""])
def test_a_create_signs_if_it_is_asked_to(author: str) -> None:
    plan = make_plan(CreateIntent(KEY, "new", "why"), facts(author=author))
    (step,) = plan.steps
    assert isinstance(step, CreateSnapshot)
    assert step.new.description == ("why\n[by root@kvm7]" if author else "why")
    assert ("[by root@kvm7]" in plan.lines[0]) is bool(author)


def test_an_edit_shows_and_changes_the_text_alone() -> None:
    one = snapshot("one", description="why\n[by ana@pc]")
    known = facts(one, author=WHO)
    (step,) = make_plan(EditIntent(KEY, "one", "because"), known).steps
    assert isinstance(step, Redefine)
    assert step.after.description == "because\n[by ana@pc]"
    assert not make_plan(EditIntent(KEY, "one", "why"), known).possible


def test_nothing_rests_on_it() -> None:
    """A hold is still that of who holds, and whoever took a snapshot may be anybody."""
    one = snapshot("one", description="[by ana@pc]")
    for author in (WHO, "ana@pc", ""):
        plan = make_plan(HoldIntent(KEY, "one", hold=True), facts(one, author=author))
        (step,) = plan.steps
        assert isinstance(step, Redefine)
        assert step.after.description.startswith("[by ana@pc]\n[held by root@kvm7 since ")
