"""The plan that removes an overlay, and several deletes as one plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import FileId, Opener, Openers, User
from snaptui.model.image import FileSystem, ImageInfo, ImageKey, NotKnown
from snaptui.operations.step_calls import differences, expected_after
from snaptui.plan.change import Change, Difference
from snaptui.plan.combine import deletes
from snaptui.plan.image.orphan import aside_name
from snaptui.plan.image_facts import ImageFacts, RemovalFacts
from snaptui.plan.plan import DeleteManyIntent, Plan, RemoveLeftover
from snaptui.plan.planner import make_plan, make_plans
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.shells import argv
from tests.unit.made import CREATED, HOST, assert_refused, assert_said, snapshot
from tests.unit.made import KEY as DOMAIN
from tests.unit.made import facts as domain_facts

PATH = "/img/web.old overlay"
ASIDE = aside_name(PATH, "20261125T010203Z")
INTENT = RemoveLeftover(ImageKey(HOST.uri, PATH), ASIDE)
FILE = FileId((1, 2), 12 << 20, (CREATED - 86_400) * 10**9, 1)


def facts(**more: Any) -> ImageFacts:
    """An overlay on ext4 that nobody names, all well."""
    built = ImageFacts(
        host=HOST,
        who="root@kvm7",
        read_at=CREATED,
        path=PATH,
        image=ImageInfo(PATH, "qcow2", 1 << 30, 10 << 20, (), backing="/img/base.qcow2"),
        as_now=frozenset(),
        openers=Openers(),
        writable=True,
        space=FileSystem(PATH, 100 << 30, 50 << 30, 0, "/img", "ext4"),
        removal=RemovalFacts(FILE, None),
    )
    return replace(built, **more)


def planned(**more: Any) -> Plan:
    return make_plan(INTENT, facts(**more))


def test_it_is_set_aside_first_and_then_that_very_file_is_removed() -> None:
    plan = planned()
    assert plan.possible
    assert not plan.type_name
    assert [argv(line) for line in plan.lines] == [
        ["mv", "-n", "--", PATH, ASIDE],
        ["rm", "--", ASIDE],
    ]
    assert (plan.space.frees, plan.space.free) == (10 << 20, 50 << 30)
    aside, remove = plan.steps
    after = expected_after(aside, facts())
    renamed = facts(image=NotKnown("no such file"), removal=RemovalFacts(None, FILE))
    assert differences(after, renamed) == ()
    gone = facts(image=NotKnown("no such file"), removal=RemovalFacts(None, None))
    assert differences(expected_after(remove, renamed), gone) == ()


USER = User("db", disk="vdb")


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        (
            facts(removal=RemovalFacts(None, FILE), holders=(USER,)),
            Difference(Change.USER, PATH, now=USER.words),
        ),
        (
            facts(removal=RemovalFacts(None, FILE), openers=Openers((Opener("qemu", 7),))),
            Difference(Change.OPENED, PATH, now="qemu (process 7)"),
        ),
        (
            facts(removal=RemovalFacts(None, replace(FILE, written=5))),
            Difference(Change.ASIDE_OTHER, PATH),
        ),
        (facts(removal=RemovalFacts(FILE, FILE)), Difference(Change.FILE_OTHER, PATH)),
        (facts(removal=RemovalFacts(None, None)), Difference(Change.ASIDE_GONE, PATH)),
    ],
)
def test_whoever_misses_it_between_the_two_steps_stops_the_second(
    found: ImageFacts, changed: Difference
) -> None:
    after = expected_after(planned().steps[0], facts())
    assert differences(after, found) == (changed,)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"holders": (User("web", disk="vda"),)}, Why.IN_USE),
        ({"openers": Openers((Opener("qemu-nbd", 7),))}, Why.IN_USE),
        ({"removal": RemovalFacts(None, None)}, Why.LEFTOVER_GONE),
        ({"host": replace(HOST, local=False)}, Why.OTHER_HOST),
        ({"image": ImageInfo(PATH, "qcow2", 1 << 30, 10 << 20, ())}, Why.LEFTOVER_WITHOUT_BASE),
        ({"space": FileSystem(PATH, 1, 1, 0, "/nfs", "nfs4")}, Why.LEFTOVER_SHARED),
        ({"space": FileSystem(PATH, 1, 1)}, Why.LEFTOVER_SHARED),
        ({"space": NotKnown("no /proc")}, Why.LEFTOVER_PLACE_UNKNOWN),
    ],
)
def test_what_somebody_may_need_is_refused(more: dict[str, Any], why: Why) -> None:
    assert_refused(planned(**more), why)


def test_what_is_not_certain_is_typed() -> None:
    for more in (
        {"doubts": (Doubt(Unread.POOL, "spare", "it is not active"),)},
        {"openers": Openers((), hidden=True)},
        {"openers": NotKnown("no /proc")},
        {"unrecorded": "No space left on device"},
    ):
        plan = planned(**more)
        assert plan.type_name, more
        assert plan.possible, more


def test_a_file_with_other_names_frees_nothing() -> None:
    linked = replace(FILE, links=2)
    assert planned(removal=RemovalFacts(linked, None)).space.frees == 0


def test_what_was_written_to_lately_is_said() -> None:
    fresh = replace(FILE, written=(CREATED - 60) * 10**9)
    assert_said(planned(removal=RemovalFacts(fresh, None)).warnings, Warn.WRITTEN_LATELY)


FULL = FileSystem("/img/a.qcow2", 100 << 30, 0, 0, "/img", "ext4")
MANY = DeleteManyIntent(DOMAIN, ("s1",))


def test_where_there_is_no_room_for_a_table_only_a_removed_file_makes_some() -> None:
    full = replace(
        domain_facts(snapshot("s0"), snapshot("s1")),
        spaces={"/img/a.qcow2": FULL, "/img/b.qcow2": FULL},
    )
    (alone,) = make_plans((MANY,), (full,))
    assert_refused(alone, Why.TABLE_DOES_NOT_FIT)
    leftover, after = make_plans((INTENT, MANY), (facts(), full))
    assert leftover.possible
    assert after.possible
    refused = facts(holders=(User("web", disk="vda"),))
    assert_refused(make_plans((INTENT, MANY), (refused, full))[1], Why.TABLE_DOES_NOT_FIT)
    elsewhere = facts(space=FileSystem(PATH, 1 << 30, 1 << 20, 0, "/other", "ext4"))
    assert_refused(make_plans((INTENT, MANY), (elsewhere, full))[1], Why.TABLE_DOES_NOT_FIT)


def test_root_may_use_what_is_kept_for_it_when_the_domain_is_off() -> None:
    found = domain_facts(snapshot("s0"), snapshot("s1"))
    kept = replace(FULL, reserve=1 << 20)
    spaces = {"/img/a.qcow2": kept, "/img/b.qcow2": kept}
    (plan,) = make_plans((MANY,), (replace(found, spaces=spaces),))
    active = found.status.domain.state.active
    assert plan.possible is not active


def test_one_plan_of_several_says_of_which_it_speaks() -> None:
    plans = make_plans((INTENT, MANY), (facts(), domain_facts(snapshot("s1"))))
    one = deletes(plans, ("old overlay", "web"), "frees 12 MiB on /img")
    assert one.title == "Delete 1 snapshot of 1 domain and 1 orphaned overlay"
    assert one.space.words == "frees 12 MiB on /img"
    assert one.lines == (*plans[0].lines, *plans[1].lines)
    assert one.steps == (*plans[0].steps, *plans[1].steps)
    refused = (plans[0], make_plan(MANY, domain_facts()))
    stopped = deletes(refused, ("old overlay", "web"), "frees ?")
    assert not stopped.possible
    assert stopped.refusals == tuple(one.of("web") for one in refused[1].refusals)
    assert deletes(plans[:1], ("old overlay",), "") is plans[0]


def test_what_may_be_a_volume_that_is_not_known_is_not_removed() -> None:
    assert_refused(planned(hidden=True), Why.LEFTOVER_HIDDEN)
