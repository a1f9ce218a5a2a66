"""Holds: a mark in the description that comes and goes without touching the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model import hold_mark
from snaptui.model.choices import Scope
from snaptui.plan.change import Change, Difference
from snaptui.plan.delete import delete
from snaptui.plan.differences import differences
from snaptui.plan.metadata import edit
from snaptui.plan.plan import DeleteIntent, EditIntent, HoldIntent
from snaptui.plan.steps.metadata import Redefine
from snaptui.plan.words.why import Why
from tests.unit.made import KEY, assert_refused, facts, snapshot

MARK = "[held by root@kvm7 since 2026-11-24T06:00:00Z]"


@given(st.text(), st.text(min_size=1), st.integers(0, 4_000_000_000))
def test_a_mark_is_found_and_taken_away_without_a_trace(words: str, who: str, at: int) -> None:
    plain = hold_mark.described(snapshot(description=words))
    held = snapshot(description=hold_mark.marked(plain, hold_mark.new_hold(who, at)))
    found = hold_mark.hold_of(held)
    assert found is not None
    assert len(found.who) == len(who)
    assert hold_mark.described(held) == plain
    assert hold_mark.marked(hold_mark.described(held), found) == held.description


@pytest.mark.parametrize(
    ("description", "held"),
    [
        ("", False),
        (MARK, True),
        (f"words\n{MARK}", True),
        (f"words\n{MARK}\n", True),
        (f"words {MARK}", False),
        (f"{MARK}\nwords", False),
        ("[held by nobody]", False),
    ],
)
def test_only_a_last_line_of_its_own_holds(description: str, held: bool) -> None:
    assert (hold_mark.hold_of(snapshot(description=description)) is not None) is held


def test_a_hold_and_its_release_change_the_description_alone() -> None:
    found = facts(snapshot(description="words"))
    (step,) = edit.plan_hold(HoldIntent(KEY, "s1", True), found).steps
    assert isinstance(step, Redefine)
    assert step.after.description.startswith("words\n[held by root@kvm7 since ")
    after = step.expected(found)
    assert differences(found, found) == differences(after, after) == ()
    assert differences(after, found) == (Difference(Change.SNAPSHOT_CHANGED, "s1"),)
    plan = edit.plan_hold(HoldIntent(KEY, "s1", False), after)
    (back,) = plan.steps
    assert isinstance(back, Redefine)
    assert back.after.description == "words"
    assert_refused(edit.plan_hold(HoldIntent(KEY, "s1", True), after), Why.HELD_ALREADY)
    assert_refused(edit.plan_hold(HoldIntent(KEY, "s1", False), found), Why.NOT_HELD)


def test_a_held_one_is_not_deleted_alone_or_with_others() -> None:
    held = snapshot("b", "a", description=MARK)
    found = facts(snapshot("a"), held, below=("b",))
    for scope in (Scope.WITH_CHILDREN, Scope.CHILDREN):
        for metadata_only in (False, True):
            plan = delete.plan(DeleteIntent(KEY, "a", scope, metadata_only), found)
            assert_refused(plan, Why.HELD)
    assert delete.plan(DeleteIntent(KEY, "a"), found).possible


def test_an_edit_keeps_the_hold_and_refuses_what_is_no_edit() -> None:
    found = facts(snapshot(description=f"old\n{MARK}"))
    (step,) = edit.plan_edit(EditIntent(KEY, "s1", "new\nlines"), found).steps
    assert isinstance(step, Redefine)
    assert step.after.description == f"new\nlines\n{MARK}"
    assert_refused(edit.plan_edit(EditIntent(KEY, "s1", "old"), found), Why.SAME_TEXTS)
    assert_refused(
        edit.plan_edit(EditIntent(KEY, "s1", "a\x1b[2J"), found), Why.DESCRIPTION_INVISIBLE
    )
    assert_refused(edit.plan_edit(EditIntent(KEY, "gone", "x"), found), Why.SNAPSHOT_GONE)
    busy = replace(found, status=replace(found.status, busy=True))
    assert_refused(edit.plan_edit(EditIntent(KEY, "s1", "x"), busy), Why.BUSY)
    save = replace(found, status=replace(found.status, managed_save=True))
    assert edit.plan_edit(EditIntent(KEY, "s1", "x"), save).possible


def test_another_digest_is_expected_only_where_it_could_not_be_told() -> None:
    found = facts(snapshot())
    other = facts(snapshot(digest="other"))
    assert differences(found, other) == (Difference(Change.SNAPSHOT_CHANGED, "s1"),)
    assert differences(facts(snapshot(digest="")), other) == ()
