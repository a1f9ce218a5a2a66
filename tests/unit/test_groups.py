"""What belongs together: the mark of a group, its plans as one, and where its parts wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model import group_mark, hold_mark
from snaptui.model.choices import Form, SafetyKind
from snaptui.model.domain import DomainState
from snaptui.model.group_mark import Group
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.image import FileSystem
from snaptui.model.operation_record import StepKind
from snaptui.operations.barrier import Meeting, Place, places
from snaptui.plan.combine import creates, reverts
from snaptui.plan.group_left import AfterOfSome, what_is_left
from snaptui.plan.metadata import edit
from snaptui.plan.outcome import End
from snaptui.plan.plan import CreateIntent, EditIntent, Plan, RevertIntent
from snaptui.plan.planner import make_plans
from snaptui.plan.remark import Note, remark
from snaptui.plan.steps.domain import CreateSnapshot
from snaptui.plan.steps.group import NoteGroup
from snaptui.plan.steps.metadata import Redefine
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.unit.made import CREATED, HOST, KEY, assert_refused, facts, snapshot

GROUP = Group("group-20261125T120000Z-0aff", 12)
NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5)
SPREADS = st.none() | st.integers(0, 10**6).map(lambda tenths: tenths / 10)


def test_an_id_has_the_time_and_a_token() -> None:
    assert group_mark.new_id(CREATED, "0aff") == "group-20261120T025500Z-0aff"


@given(st.text(), st.integers(1, 9999), st.booleans(), SPREADS, NAMES, st.booleans())
def test_a_mark_is_found_and_taken_away_without_a_trace(
    words: str, size: int, together: bool, spread: float | None, names: list[str], held: bool
) -> None:
    plain = group_mark.described(snapshot(description=words))
    wanted = Group(GROUP.id, size, together, spread, tuple(names))
    mark = hold_mark.new_hold("root@kvm7", CREATED) if held else None
    taken = snapshot(description=hold_mark.marked(group_mark.marked(plain, wanted), mark))
    assert group_mark.group_of(taken) == wanted
    assert group_mark.described(taken) == plain
    assert group_mark.redescribed(taken, plain, wanted) == taken.description
    assert (hold_mark.hold_of(taken) is not None) is held


@pytest.mark.parametrize(
    "description",
    ["", "[group-1 of 2]", f"words [{GROUP.words}]", f"[{GROUP.words}]\nwords", GROUP.words],
)
def test_only_a_last_line_of_its_own_is_a_mark(description: str) -> None:
    assert group_mark.group_of(snapshot(description=description)) is None


def test_another_description_leaves_group_and_hold() -> None:
    mark = hold_mark.new_hold("root@kvm7", CREATED)
    held = snapshot(description=hold_mark.marked(group_mark.marked("words", GROUP), mark))
    (step,) = edit.plan_edit(EditIntent(KEY, "s1", "others"), facts(held)).steps
    assert isinstance(step, Redefine)
    assert group_mark.described(step.after) == "others"
    assert group_mark.group_of(step.after) == GROUP
    assert hold_mark.hold_of(step.after) == mark


def a_part(name: str = "patch", description: str = "words") -> CreateIntent:
    return CreateIntent(KEY, name, description, group=GROUP)


def test_a_part_is_marked_at_once_and_its_spread_noted_at_the_end() -> None:
    (plan,) = make_plans([a_part()], [facts()])
    create, note = plan.steps
    assert isinstance(create, CreateSnapshot)
    assert create.new.description == f"words\n[{GROUP.words}]"
    assert isinstance(note, NoteGroup)
    taken = snapshot("patch", description=create.new.description)
    step = note.noted(facts(taken), 3.21, ("web", "db"))
    assert step is not None
    noted = group_mark.group_of(step.after)
    assert noted == replace(GROUP, size=2, spread=3.2, members=("web", "db")), "what was taken"
    assert group_mark.described(step.after) == "words"
    assert note.noted(facts(), 3.21, ("web",)) is None, "it could not be read"
    assert [line.split()[3] for line in plan.lines] == ["snapshot-create-as", "snapshot-edit"]


def test_many_names_are_left_out_of_a_mark_and_a_mark_without_names_is_one() -> None:
    many = replace(GROUP, spread=1.0, members=tuple(f"guest-{n:04}" for n in range(1000)))
    found = group_mark.group_of(snapshot(description=many.mark))
    assert found == replace(many, members=())


TWELVE = tuple(f"g{number:02}" for number in range(1, 13))
NOTED = replace(GROUP, spread=3.2, members=TWELVE)


@pytest.mark.parametrize(
    ("of", "found", "unread", "words"),
    [
        (
            NOTED,
            [name for name in TWELVE if name not in ("g02", "g05")],
            [],
            "The group had 12 domains, 10 are left: g02 and g05 are missing.",
        ),
        (
            NOTED,
            TWELVE[:11],
            [],
            "The group had 12 domains, 11 are left: g12 is missing.",
        ),
        (
            NOTED,
            TWELVE[:11],
            ["g12"],
            "The group had 12 domains, 11 are left: 1 domain could not be read.",
        ),
        (
            NOTED,
            (*TWELVE[:10], "renamed"),
            [],
            "The group had 12 domains, 11 are left: of g11 and g12, 1 is missing, and others have "
            "another name now.",
        ),
        (
            replace(NOTED, members=()),
            TWELVE[:1],
            [],
            "The group had 12 domains, 1 is left: it is not noted which are missing.",
        ),
        (
            GROUP,
            TWELVE[:2],
            [],
            "The group was to have 12 domains, 2 are left: it is not noted which are missing.",
        ),
        (NOTED, (*TWELVE, "copy"), [], "The group had 12 domains, 13 have its mark."),
    ],
)
def test_who_is_missing_of_a_group_is_the_first_that_is_said(
    of: Group, found: Sequence[str], unread: list[str], words: str
) -> None:
    left = what_is_left(of, found, unread)
    assert left is not None
    assert left.words == words
    plans = make_plans([RevertIntent(KEY, "s1")], [facts(snapshot())]) * len(found)
    whole = reverts(plans, found, of, what_is_left(of, found, unread))
    assert isinstance(whole.after, AfterOfSome)
    assert whole.after.left == left
    assert whole.after.words.startswith(words)


def test_of_a_whole_group_nothing_is_missing() -> None:
    assert what_is_left(NOTED, TWELVE, []) is None
    assert what_is_left(NOTED, (*TWELVE[:11], "renamed"), []) is None


def test_what_all_need_together_must_be_free() -> None:
    """Each alone would fit: the RAM of one takes 1 GiB, and 1.5 GiB are free."""
    space = {"/img/a.qcow2": FileSystem("/img", 100 << 30, 3 << 29)}
    alone = make_plans([a_part()], [facts(spaces=space)])
    assert creates(alone, ["web"]).warnings == ()
    both = make_plans([a_part(), a_part()], [facts(spaces=space)] * 2)
    whole = creates(both, ["web", "db"])
    assert whole.title == "Create patch of 2 domains"
    assert whole.warnings == (remark(Warn.RAM_MAY_NOT_FIT_INSIDE).of("db"),)
    assert (whole.space.needs, whole.space.free) == (2 << 30, 3 << 29)
    assert whole.steps == (*both[0].steps, *both[1].steps)


def test_what_forbids_one_forbids_all() -> None:
    plans = make_plans([a_part(), a_part()], [facts(), facts(snapshot("patch"))])
    whole = creates(plans, ["web", "db"])
    (refusal,) = whole.refusals
    assert (refusal.member, refusal.why) == ("db", Why.NAME_TAKEN)
    assert not whole.possible


def test_a_revert_waits_before_anything_is_changed_and_once_it_can_be_undone() -> None:
    """Also when these are one place, because nothing is taken before."""
    for safety, expected in (
        (None, [(Place.READY,), (Place.KEPT,)]),
        (SafetyKind.DISKS, [(Place.READY,), (), (Place.KEPT,)]),
        (SafetyKind.NONE, [(Place.READY, Place.KEPT)]),
    ):
        intent = RevertIntent(KEY, "s1", safety=safety)
        (plan,) = make_plans([intent], [facts(snapshot())])
        assert [places(plan, index) for index in range(len(plan.steps))] == expected
    assert Place.READY.all_or_none
    assert Place.KEPT.all_or_none
    (created,) = make_plans([a_part()], [facts()])
    assert [places(created, index) for index in (0, 1)] == [(), (Place.OVER,)]
    assert not Place.OVER.all_or_none


def frozen_together(**more: Any) -> Plan:
    intent = replace(a_part(), form=Form.DISK_ONLY, quiesce=True)
    intent = replace(intent, group=replace(GROUP, together=True), **more.pop("asked", {}))
    host = replace(
        HOST, **{"libvirt": (11, 3, 0), "reverts_external": True, **more.pop("host", {})}
    )
    folders = {"/img": frozenset[str]()}
    agent = Agent(AgentState.ANSWERS, ("/",))
    (plan,) = make_plans([intent], [facts(host=host, agent=agent, folders=folders, **more)])
    return plan


def test_all_freeze_before_one_is_taken_and_all_are_taken_before_one_thaws() -> None:
    plan = frozen_together()
    assert plan.refusals == ()
    assert [step.kind for step in plan.steps] == [
        StepKind.FREEZE,
        StepKind.CREATE,
        StepKind.THAW,
        StepKind.EDIT,
    ]
    create, note = plan.steps[1], plan.steps[3]
    assert isinstance(create, CreateSnapshot)
    assert isinstance(note, NoteGroup)
    assert not create.new.quiesce
    assert create.new.description == f"words\n[{GROUP.words}]", "it claims nothing yet"
    assert note.group.together
    assert [places(plan, index) for index in range(4)] == [
        (Place.READY,),
        (Place.FROZEN,),
        (Place.TAKEN,),
        (Place.OVER,),
    ]
    assert Place.FROZEN.all_or_none
    whole = creates([plan, plan], ["web", "db"])
    assert whole.after.end is End.TAKEN_TOGETHER
    commands = ["domfsfreeze", "snapshot-create-as", "domfsthaw", "snapshot-edit"]
    assert [line.split()[3] for line in whole.lines] == [c for c in commands for _ in "12"]

    off = frozen_together(state=DomainState.SHUTOFF)
    assert [step.kind for step in off.steps] == [StepKind.CREATE, StepKind.EDIT]
    assert places(off, 0) == (Place.READY, Place.FROZEN)


def test_from_another_machine_each_is_frozen_by_itself() -> None:
    """The daemon there thaws it: nothing here could, if the connection broke."""
    plan = frozen_together(host={"local": False})
    create, note = plan.steps
    assert isinstance(create, CreateSnapshot)
    assert isinstance(note, NoteGroup)
    assert create.new.quiesce
    assert not note.group.together
    assert plan.notes == (remark(Note.FROZEN_ALONE, domain="web"),)


def test_no_freeze_goes_with_saved_memory() -> None:
    plan = frozen_together(asked={"form": Form.EXTERNAL})
    create, note = plan.steps
    assert isinstance(create, CreateSnapshot)
    assert isinstance(note, NoteGroup)
    assert create.new.memory_path is not None
    assert not create.new.quiesce
    assert not note.group.together


def test_what_could_not_be_reverted_to_is_not_frozen_together() -> None:
    plan = frozen_together(host={"libvirt": (9, 8, 0)})
    assert_refused(plan, Why.GROUP_NOT_REVERTED)


async def test_all_wait_for_all_but_for_those_that_are_over() -> None:
    meeting, came = Meeting([1, 2, 3]), []

    async def come(number: int) -> None:
        assert await meeting.come(number, Place.OVER) == (3,)
        came.append(number)

    first, second = asyncio.create_task(come(1)), asyncio.create_task(come(2))
    await asyncio.sleep(0)  # both have come
    meeting.took(2, 10.0, 11.0)
    meeting.took(1, 10.5, 12.5)
    assert came == []
    await meeting.leave(3)
    await asyncio.gather(first, second)
    assert sorted(came) == [1, 2]
    assert meeting.spread == 2.5
    assert meeting.taken == (1, 2)


async def test_the_one_to_blame_is_told_and_not_those_that_gave_up() -> None:
    meeting = Meeting([1, 2, 3])
    await meeting.leave(3)
    told = await asyncio.gather(meeting.come(1, Place.READY), meeting.come(2, Place.READY))
    assert set(told) == {(3,)}


async def test_frozen_guests_do_not_wait_for_one_that_does_not_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is taken then; and a thaw waits no longer either. All else takes its time."""
    monkeypatch.setattr("snaptui.operations.barrier.PATIENCE", 0.0)
    meeting = Meeting([1, 2])
    assert await meeting.come(1, Place.FROZEN) == (2,)
    await meeting.leave(1)
    assert await meeting.come(2, Place.FROZEN) == (1,), "it comes too late, and all or none go on"
    assert await Meeting([1, 2]).come(1, Place.TAKEN) == (2,)
    assert [place for place in Place if place.patience is None] == [
        Place.READY,
        Place.KEPT,
        Place.OVER,
    ]


async def test_where_all_or_none_are_taken_none_goes_on_without_one() -> None:
    """Nor does who comes later, though nothing is wrong with it."""
    meeting = Meeting([1, 2], whole=True)
    waiting = asyncio.create_task(meeting.come(1, Place.OVER))
    await asyncio.sleep(0)
    await meeting.leave(2)
    assert await waiting == (2,)
    assert not meeting.through(1)
    both = Meeting([1, 2], whole=True)
    assert not any(await asyncio.gather(both.come(1, Place.OVER), both.come(2, Place.OVER)))
    assert both.through(1)
    assert both.through(2)


async def test_one_whose_host_does_not_answer_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others give up, and so does it when it comes; one that is heard in time is not lost."""
    monkeypatch.setattr("snaptui.operations.barrier.LOST", 0.0)
    meeting = Meeting([1, 2], whole=True)
    waiting = asyncio.create_task(meeting.come(1, Place.OVER))
    await asyncio.sleep(0)
    meeting.silent(2)
    assert await waiting == (2,)
    assert meeting.lost(2)
    assert await meeting.come(2, Place.OVER) == (1,)
    assert not meeting.through(2)
    monkeypatch.setattr("snaptui.operations.barrier.LOST", 60.0)
    heard = Meeting([1, 2], whole=True)
    heard.silent(2)
    assert not any(await asyncio.gather(heard.come(1, Place.OVER), heard.come(2, Place.OVER)))
    assert not heard.lost(2)


async def test_where_each_is_taken_by_itself_a_silent_host_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("snaptui.operations.barrier.LOST", 0.0)
    meeting = Meeting([1, 2])
    waiting = asyncio.create_task(meeting.come(1, Place.OVER))
    meeting.silent(2)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await meeting.come(2, Place.OVER)
    assert await waiting == ()


def test_all_or_none_are_taken_where_they_lie_on_several_hosts() -> None:
    """Each waits for the others before its first step, too."""
    here, there = a_part(), replace(a_part(), key=KEY._replace(host="qemu+ssh://kvm2/system"))
    one, other = make_plans([here, there], [facts()] * 2)
    assert creates((one, other), ["a", "b"]).after.end is End.TAKEN_ALL_OR_NONE
    assert creates((one, one), ["a", "b"]).after.end is End.TAKEN_AT_ONCE
    assert places(one, 0, whole=True) == (Place.READY,)
    assert places(one, 0) == ()
    assert places(one, 1) == places(one, 1, whole=True) == (Place.OVER,)


def test_over_several_hosts_a_revert_says_that_what_is_done_stays_and_how_far_apart_it_is() -> None:
    other = KEY._replace(host="qemu+ssh://kvm2/system")
    intents = [RevertIntent(key, "s1") for key in (KEY, other)]
    plans = make_plans(intents, [facts(snapshot())] * 2)
    whole = reverts(plans, ["a", "b"], replace(GROUP, spread=1.84), None)
    assert whole.after.end is End.REVERTED_ON_HOSTS
    assert remark(Note.TAKEN_WITHIN, spread="1.8") in whole.notes
    alone = reverts((plans[0], plans[0]), ["a", "b"], replace(GROUP, spread=1.84), None)
    assert alone.after.end is End.REVERTED_TOGETHER
    assert Note.TAKEN_WITHIN not in {note.what for note in alone.notes}
