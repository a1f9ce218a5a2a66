"""Plans for images that no domain uses: what is refused, and that the very entry is meant."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import CopyFormat, Opener, Openers, User
from snaptui.model.image import (
    FileSystem,
    ImageInfo,
    ImageKey,
    ImageSnapshot,
    NotKnown,
    PlacedEntry,
)
from snaptui.operations.step_calls import differences, expected_after
from snaptui.plan.change import Change, Difference
from snaptui.plan.image_facts import CopyFacts, ImageFacts
from snaptui.plan.loss import EntryWritesLost
from snaptui.plan.outcome import UndoBy, undo
from snaptui.plan.plan import ImageApply, ImageCreate, ImageDelete, ImageExtract, ImageIntent, Plan
from snaptui.plan.planner import make_plan
from snaptui.plan.remark import Unchecked, remark
from snaptui.plan.steps.image import ExtractEntry
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from tests.shells import argv
from tests.unit.made import CREATED, HOST, STRANGE, assert_refused, assert_said, words

WEB = User("web01", disk="vda")
IDLE = Doubt(Unread.POOL, "p", "it is not active")
KEY = ImageKey(HOST.uri, "/img/a.qcow2")
SIZE = 1 << 30
FFFD = "\N{REPLACEMENT CHARACTER}"


def entry(id_: str, name: str, **more: Any) -> ImageSnapshot:
    return replace(ImageSnapshot(id_, name, CREATED + len(id_), 0, SIZE), **more)


def facts(*entries: ImageSnapshot, **more: Any) -> ImageFacts:
    """A local image of these entries that nobody uses, all well."""
    head = ImageInfo(KEY.path, "qcow2", SIZE, 1 << 20, entries)
    head = replace(head, **{k: more.pop(k) for k in ("faults", "encrypted", "data_file", "backing")
                            if k in more})  # fmt: skip
    built = ImageFacts(
        host=HOST,
        who="root@kvm7",
        read_at=CREATED + 86_400,
        path=KEY.path,
        image=head,
        as_now=frozenset(),
        openers=Openers(),
        writable=True,
        space=FileSystem("/img", 100 << 30, 50 << 30),
    )
    return replace(built, **more)


def placed(found: ImageFacts, place: int) -> PlacedEntry:
    return PlacedEntry(place, found.entries[place])


TWO = (entry("1", "one"), entry("2", "two"))


def intents(found: ImageFacts) -> list[ImageIntent]:
    one = placed(found, 0)
    return [ImageCreate(KEY, "new"), ImageApply(KEY, one), ImageDelete(KEY, (one,))]


def extract(found: ImageFacts, target: str = "/img/new.qcow2", **more: Any) -> Plan:
    return make_plan(ImageExtract(KEY, placed(found, 0), target, **more), found)


def copying(
    *entries: ImageSnapshot, names: frozenset[str] = frozenset(), **more: Any
) -> ImageFacts:
    found = facts(*(entries or TWO), **more)
    copy = CopyFacts("/img", names, needs=1 << 20)
    return replace(found, copy=copy, placed=placed(found, 0))


def test_all_is_well() -> None:
    found = facts(*TWO)
    lines = [make_plan(intent, found).lines for intent in intents(found)]
    assert [line for plan in lines for line in plan] == [
        "qemu-img snapshot -c new /img/a.qcow2",
        "qemu-img snapshot -c safety-20261121T025500Z-one /img/a.qcow2",
        "qemu-img snapshot -a 1 /img/a.qcow2",
        "qemu-img snapshot -d one /img/a.qcow2",
    ]
    for intent in intents(found):
        plan = make_plan(intent, found)
        assert plan.possible
        assert not plan.type_name
        assert not plan.warnings


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"holders": (WEB,)}, Why.IN_USE),
        ({"openers": Openers((Opener("qemu-nbd", 7),))}, Why.IN_USE),
        ({"faults": ("it is marked corrupt",)}, Why.FAULTY),
        ({"encrypted": True}, Why.ENCRYPTED_BY_HAND),
        ({"writable": False}, Why.NOT_WRITABLE),
        ({"image": NotKnown("/img/a.qcow2: No such file.")}, Why.UNREADABLE),
        ({"image": ImageInfo(KEY.path, "raw", SIZE, SIZE, ())}, Why.HOLDS_NO_SNAPSHOTS),
        ({"host": replace(HOST, local=False)}, Why.OTHER_HOST),
    ],
)
def test_no_change_is_made_of_what_is_in_use_or_damaged(changed: dict[str, Any], why: Why) -> None:
    wanted = intents(facts(*TWO))
    for intent in wanted:
        assert_refused(make_plan(intent, facts(*TWO, **changed)), why)


@pytest.mark.parametrize(
    ("changed", "what", "reason"),
    [
        ({"doubts": (IDLE,)}, Unchecked.USED, IDLE.words),
        ({"openers": NotKnown("no /proc")}, Unchecked.OPEN, "no /proc"),
        ({"writable": NotKnown("gone")}, Unchecked.WRITABLE, "gone"),
        ({"as_now": NotKnown("torn")}, Unchecked.AS_AN_ENTRY, "torn"),
    ],
)
def test_what_is_not_known_of_its_users_is_confirmed_by_its_name(
    changed: dict[str, Any], what: Unchecked, reason: str
) -> None:
    found = facts(*TWO, **changed)
    for intent in intents(found):
        plan = make_plan(intent, found)
        assert plan.possible
        assert plan.type_name
        assert plan.unchecked == (remark(what, reason=reason),)


def test_processes_that_are_hidden_are_told() -> None:
    found = facts(*TWO, openers=Openers(hidden=True))
    for intent in intents(found):
        assert make_plan(intent, found).warnings == (remark(Warn.PROCESSES_HIDDEN),)


@pytest.mark.parametrize("name", ["", " ", "3", "a/b", ".x", "a\nb", "a\u202eb", "x" * 248])
def test_names_that_are_never_given(name: str) -> None:
    assert make_plan(ImageCreate(KEY, name), facts(*TWO)).refusals


def test_names_that_are_another_entrys_name_or_id() -> None:
    found = facts(entry("1", "one"), entry("odd", "2"))
    assert_refused(make_plan(ImageCreate(KEY, "one"), found), Why.NAME_TAKEN)
    assert_refused(make_plan(ImageCreate(KEY, "odd"), found), Why.NAME_IS_ID)
    outside = facts(*TWO, data_file="/img/data.raw")
    assert_refused(make_plan(ImageCreate(KEY, "new"), outside), Why.DATA_FILE)


@given(st.sampled_from([*STRANGE, "-c", "--", "-a x"]), st.sampled_from([*STRANGE, "-q", "nbd:x"]))
@settings(max_examples=25, deadline=None)  # each starts a shell
def test_lines_are_passed_on_unchanged(name: str, file: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines_are_passed_on(name, f"{folder}/{file}")


def lines_are_passed_on(name: str, path: str) -> None:
    found = replace(facts(entry("1", name)), path=path)
    key = ImageKey(HOST.uri, path)
    one = placed(found, 0)
    assert words(make_plan(ImageDelete(key, (one,)), found).lines[0]) == [
        "qemu-img", "snapshot", "-d", name, path,
    ]  # fmt: skip
    line = make_plan(ImageExtract(key, one, f"{path}.new"), found).lines[0]
    assert words(line)[-2:] == [path, f"{path}.new"]


def test_apply_goes_by_the_id_whatever_the_names_are() -> None:
    found = facts(entry("1", "2"), entry("2", "1"))
    for place, id_ in ((0, "1"), (1, "2")):
        plan = make_plan(ImageApply(KEY, placed(found, place), safety=False), found)
        assert argv(plan.lines[0])[3] == id_
        assert plan.undo.impossible
        assert plan.type_name


@pytest.mark.parametrize("bad", ["", f"1{FFFD}"])
def test_what_has_no_id_of_its_own_is_neither_applied_nor_copied(bad: str) -> None:
    for entries, why in (
        ((entry("1", "one"), entry("1", "two")), Why.ID_TWICE),
        ((entry(bad, "one"),), Why.ID_NOT_TEXT),
    ):
        found = facts(*entries)
        assert_refused(make_plan(ImageApply(KEY, placed(found, 0)), found), why)
        assert_refused(extract(copying(*entries)), why)


def test_apply_says_what_is_lost_and_what_is_not_brought_back() -> None:
    found = facts(entry("1", "one", vm_state=5 << 20, virtual_size=2 * SIZE))
    plan = make_plan(ImageApply(KEY, placed(found, 0)), found)
    assert plan.lost == EntryWritesLost(NotKnown("not counted yet"), "", kept=True)
    assert plan.undo == undo(UndoBy.APPLY, name="safety-20261121T025500Z-one")
    assert plan.warnings == (
        remark(Warn.RAM_NOT_LOADED, size="5.0 MiB"),
        remark(Warn.DISK_RESIZED, then="2.0 GiB", now="1.0 GiB"),
    )
    same = replace(found, as_now=frozenset({"1"}))
    lost = make_plan(ImageApply(KEY, placed(found, 0)), same).lost
    assert isinstance(lost, EntryWritesLost)
    assert lost.as_now == "one"


TWINS = (entry("1", "twin"), entry("2", "other"), entry("3", "twin"))


def test_of_twins_only_the_first_or_all_are_deleted() -> None:
    found = facts(*TWINS)
    first, last = placed(found, 0), placed(found, 2)
    plan = make_plan(ImageDelete(KEY, (first,)), found)
    assert plan.possible
    assert plan.warnings == (remark(Warn.TWINS_LEFT, number="1 snapshot", name="twin"),)
    assert_refused(make_plan(ImageDelete(KEY, (last,)), found), Why.NOT_THE_FIRST)
    both = make_plan(ImageDelete(KEY, (last, first)), found)
    assert [step.subject for step in both.steps] == ["1 twin", "3 twin"]
    assert both.warnings == ()
    expected = found
    for step in both.steps:
        after = expected_after(step, expected)
        assert isinstance(after, ImageFacts)
        expected = after
    assert expected.entries == (TWINS[1],)


def test_a_name_that_is_not_utf8_is_not_deleted() -> None:
    found = facts(entry("1", f"a{FFFD}"))
    assert_refused(make_plan(ImageDelete(KEY, (placed(found, 0),)), found), Why.NAME_NOT_TEXT)
    assert make_plan(ImageApply(KEY, placed(found, 0)), found).possible


def test_an_entry_that_is_not_where_it_was_is_not_touched() -> None:
    old = facts(*TWO)
    one = placed(old, 0)
    for now in (facts(TWO[1], TWO[0]), facts(), facts(entry("1", "one", created=1))):
        for intent in (ImageApply(KEY, one), ImageDelete(KEY, (one,))):
            assert_refused(make_plan(intent, now), Why.PLACED_GONE)


def test_a_delete_that_took_another_entry_is_seen() -> None:
    found = facts(*TWINS)
    (step,) = make_plan(ImageDelete(KEY, (placed(found, 0),)), found).steps
    wanted = expected_after(step, found)
    assert differences(wanted, facts(*TWINS[1:])) == ()
    assert differences(wanted, facts(*TWINS[:2]))
    assert differences(wanted, found)


def test_an_apply_that_took_another_entry_is_seen() -> None:
    found = facts(*TWO)
    step = make_plan(ImageApply(KEY, placed(found, 0)), found).steps[-1]
    wanted = expected_after(step, found)
    assert differences(wanted, facts(*TWO, as_now=frozenset({"1"}))) == ()
    assert differences(wanted, facts(*TWO, as_now=frozenset({"2"})))


def test_a_create_is_known_by_its_id_and_name_and_holds_the_disk() -> None:
    found = facts(*TWO)
    (step,) = make_plan(ImageCreate(KEY, "new"), found).steps
    wanted = expected_after(step, found)
    now = facts(*TWO, entry("3", "new"), as_now=frozenset({"3"}))
    assert differences(wanted, now) == ()
    assert differences(wanted, replace(now, as_now=frozenset()))
    assert differences(wanted, facts(*TWO, entry("4", "new"), as_now=frozenset({"4"})))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"holders": (WEB,)}, Difference(Change.USER, KEY.path, now=WEB.words)),
        (
            {"openers": Openers((Opener("cp", 9),))},
            Difference(Change.OPENED, KEY.path, now="cp (process 9)"),
        ),
        ({"doubts": (IDLE,)}, Difference(Change.UNREAD, KEY.path, now=IDLE.words)),
        ({"writable": False}, Difference(Change.READ_ONLY, KEY.path)),
        ({"image": NotKnown("gone")}, Difference(Change.UNREAD, KEY.path, now="gone")),
        ({"as_now": frozenset({"2"})}, Difference(Change.NOT_AS_EXPECTED, KEY.path)),
    ],
)
def test_what_changes_between_the_dialog_and_the_step_stops_it(
    changed: dict[str, Any], said: Difference
) -> None:
    before = facts(*TWO, as_now=frozenset({"1"}))
    assert differences(before, before) == ()
    assert differences(before, replace(before, **changed)) == (said,)


def test_without_the_journal_only_deletes_are_done() -> None:
    found = facts(*TWO, unrecorded="disk full")
    create, apply, delete = (make_plan(intent, found) for intent in intents(found))
    assert_refused(create, Why.JOURNAL)
    assert_refused(apply, Why.JOURNAL)
    assert delete.possible
    assert delete.type_name


def test_a_copy_is_planned_to_the_very_file() -> None:
    found = copying()
    plan = extract(found)
    (step,) = plan.steps
    assert isinstance(step, ExtractEntry)
    assert (step.copy.entry, step.copy.target, step.copy.shared) == (
        TWO[0],
        "/img/new.qcow2",
        False,
    )
    raw = extract(found, form=CopyFormat.RAW)
    assert "-O raw" in raw.lines[0]
    used = copying(openers=Openers((Opener("qemu-system-x86", 5),)), holders=(WEB,))
    shared = extract(used)
    assert shared.possible
    assert " -U " in shared.lines[0]
    assert_said(shared.warnings, Warn.OPEN_MEANWHILE, who="qemu-system-x86", pid="5")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("new.qcow2", Why.TARGET_NOT_WHOLE),
        ("/img/", Why.TARGET_UNNAMED),
        ("/img/..", Why.TARGET_UNNAMED),
        ("/img/a\nb", Why.TARGET_INVISIBLE),
        ("/img/" + "x" * 250, Why.TARGET_LONG),
        ("/else/new", Why.FOLDER_NOT_READ),
        ("/img/there", Why.TARGET_THERE),
        ("/img/half", Why.TARGET_UNFINISHED),
    ],
)
def test_targets_that_are_refused(target: str, why: Why) -> None:
    assert_refused(extract(copying(names=frozenset({"there", ".half.part"})), target), why)


def test_a_copy_that_does_not_fit_or_cannot_be_read_is_refused() -> None:
    found = copying(space=FileSystem("/img", 1 << 30, 1 << 19))
    assert_refused(extract(found), Why.COPY_DOES_NOT_FIT)
    assert_refused(extract(copying(encrypted=True)), Why.ENCRYPTED_BY_HAND)
    assert_refused(extract(copying(host=replace(HOST, local=False))), Why.OTHER_HOST)
    unread = replace(found, copy=CopyFacts("/img", NotKnown("not allowed")))
    assert_refused(extract(unread), Why.FOLDER_UNREAD)


@pytest.mark.parametrize(
    ("size", "longer"), [(SIZE, False), (SIZE - 1536, True), (None, False), (512, True)]
)
def test_a_copy_has_the_size_of_its_entry(size: int | None, longer: bool) -> None:
    """qemu-img reads it at today's size; QEMU takes an entry that says none to have that."""
    plan = extract(copying(entry("1", "one", virtual_size=size)))
    (step,) = plan.steps
    assert plan.possible
    assert isinstance(step, ExtractEntry)
    assert step.copy.longer is longer
    assert (f"qemu-img resize --shrink -f qcow2 /img/new.qcow2 {size}" in step.line) is longer


def test_a_copy_that_would_be_cut_off_is_refused() -> None:
    """At the plan, and at its step if the disk became smaller meanwhile; no size is made up."""
    larger = copying(entry("1", "one", virtual_size=SIZE + 512))
    plan = extract(larger)
    assert_refused(plan, Why.COPY_CUT_OFF)
    assert isinstance(plan.space.needs, NotKnown)
    before = copying()
    (step,) = extract(before).steps
    assert isinstance(step, ExtractEntry)
    assert isinstance(before.image, ImageInfo)
    assert step.in_the_way(before) == ()
    shrunk = replace(before, image=replace(before.image, virtual_size=SIZE - 512))
    assert [one.change for one in step.in_the_way(shrunk)] == [Change.SHRUNK]


def test_a_copy_says_what_is_not_in_it_and_what_more_is() -> None:
    found = copying(entry("1", "one", vm_state=1 << 20), backing="/img/base.qcow2")
    assert extract(found).warnings == (
        remark(Warn.RAM_NOT_COPIED, size="1.0 MiB"),
        remark(Warn.BENEATH_COPIED, path="/img/base.qcow2"),
    )


def test_of_a_copy_only_its_entry_and_its_file_matter() -> None:
    before = copying()
    (step,) = extract(before).steps
    wanted = expected_after(step, before)
    copied = CopyFacts("/img", frozenset({"new.qcow2"}))
    more = replace(copying(*TWO, entry("3", "three"), holders=(WEB,)), copy=copied)
    assert differences(wanted, more) == ()
    assert differences(wanted, before) == (Difference(Change.FILE_GONE, "/img/new.qcow2"),)
    gone = replace(copying(TWO[1]), copy=copied)
    missed = Difference(Change.ENTRY_GONE, "/img/a.qcow2", "one (ID 1)")
    assert differences(wanted, gone) == (missed,)
