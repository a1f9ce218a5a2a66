"""Marks by rule: what a rule may never name, whatever hosts have, and what it keeps."""

from __future__ import annotations

import enum
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snaptui.model import group_mark, hold_mark
from snaptui.model.domain import Domain, DomainKey, DomainState
from snaptui.model.group_mark import Group, group_of
from snaptui.model.image import NotKnown
from snaptui.model.safety_mark import is_safety
from snaptui.storage.keep_rules import (
    DAY,
    Fate,
    Fated,
    KeepRule,
    RuleFault,
    Use,
    decide,
    domains_to_ask,
)
from snaptui.storage.snapshot_list import Flag, ListedSnapshot
from snaptui.ui.dialogs.keep import FAULTS
from snaptui.ui.panes.fated import FATES
from tests.unit.made import facts, snapshot

NOW = 1_795_996_800  # Monday, 2026-11-30T00:00:00Z
WEB = Domain(DomainKey("qemu:///system", "1"), "web", DomainState.SHUTOFF)
DB = replace(WEB, key=DomainKey("qemu+ssh://kvm2/system", "1"), name="db")
HOLD = hold_mark.Hold("root", "2026-11-29T10:00:00Z")
FREE = {WEB.key: Use.FREE, DB.key: Use.FREE}
WRONG = frozenset({Flag.BROKEN})
COUNTED = {Fate.LAST, Fate.DAILY, Fate.WEEKLY, Fate.MONTHLY, Fate.YOUNG, Fate.ONLY}


def row(
    name: str,
    days: float | None,
    *,
    of: Domain = WEB,
    parent: str | None = None,
    held: bool = False,
    group: Group | None = None,
    deleting: bool = False,
    flags: frozenset[Flag] = frozenset(),
    reclaim: int | NotKnown = 1,
) -> ListedSnapshot:
    """One that is so old; ``None`` is not known."""
    description = hold_mark.marked(group_mark.marked("", group), HOLD if held else None)
    created = None if days is None else int(NOW - days * DAY)
    made = snapshot(
        name, parent, created=created, description=description, delete_in_progress=deleting
    )
    flags |= {Flag.HELD} if held else set()
    flags |= {Flag.SAFETY} if is_safety(name) else set()
    return ListedSnapshot(
        of.key.host, of, name, made, "", created, 1, reclaim, None, frozenset(flags)
    )


def line(*days: float, of: Domain = WEB) -> list[ListedSnapshot]:
    """Snapshots one after another, the oldest first, with the age as their names."""
    names = [f"{age:g}d" for age in days]
    parents = [None, *names]
    return [
        row(name, age, of=of, parent=parent)
        for name, age, parent in zip(names, days, parents[:-1], strict=True)
    ]


def fates(rule: KeepRule, rows: Sequence[ListedSnapshot]) -> dict[str, Fate]:
    return {one.row.name: one.fate for one in decide(rule, rows, FREE, NOW)}


def gone(rule: KeepRule, rows: Sequence[ListedSnapshot]) -> list[str]:
    return [name for name, fate in fates(rule, rows).items() if fate is Fate.GOES]


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        (("", "", "", "", ""), RuleFault.NOTHING),
        (("0", "", "", "", ""), RuleFault.NUMBER),
        (("-1", "", "", "", ""), RuleFault.NUMBER),
        (("all", "3", "", "", ""), RuleFault.NUMBER),
        (("1.5", "", "", "", ""), RuleFault.NUMBER),
        (("٣", "", "", "", ""), RuleFault.NUMBER),
        (("", "", "", "", "30"), RuleFault.AGE),
        (("", "", "", "", "0d"), RuleFault.AGE),
        (("3", "", "", "", "d"), RuleFault.AGE),
        ((" 3 ", "7", "4", "12", "30d"), KeepRule(3, 7, 4, 12, 30 * DAY)),
        (("", "", "", "", "1.5h"), KeepRule(older=5400)),
    ],
)
def test_a_rule_without_a_number_is_none(
    typed: tuple[str, str, str, str, str], rule: KeepRule | RuleFault
) -> None:
    assert KeepRule.of(*typed) == rule


AUTUMN = 1_792_886_400
"""2026-10-25T00:00:00Z; an hour later clocks in Berlin go back from 03:00 to 02:00."""


@pytest.mark.parametrize("zone", ["UTC", "CET-1CEST,M3.5.0,M10.5.0/3"])
def test_an_hour_that_comes_twice_changes_no_order_and_no_day(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Three of half past two, as the clock on the wall has it, and one of an hour before."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    ages = [(NOW - AUTUMN - hours * 3600) / DAY for hours in (-0.5, 0.5, 1.5, 25.5)]
    rows = line(*ages)
    oldest, first, second, _ = (one.name for one in rows)
    assert gone(KeepRule(last=1), rows) == [oldest, first, second]
    assert gone(KeepRule(daily=7), rows) == [first], "the newest of each day by UTC"
    assert fates(KeepRule(daily=7), rows)[second] is Fate.DAILY
    half = NOW - AUTUMN - 3600
    assert gone(KeepRule(last=1, older=half), rows) == [oldest, first], "an age is no wall's hour"
    monkeypatch.undo()
    time.tzset()


def test_a_clock_that_was_set_back_lets_no_rule_take_what_it_makes_look_old() -> None:
    """Its child is from before it, by their times: which is the newer one is not known."""
    before, after = row("before", 1), row("after", 2, parent="before")
    rows = [row("first", 9), before, after]
    told = fates(KeepRule(last=1), rows)
    assert (told["before"], told["after"]) == (Fate.TIMES, Fate.TIMES)
    assert fates(KeepRule(last=1), [row("later", -1), *line(3, 2)])["later"] is Fate.FUTURE


def test_the_last_ones_are_kept_of_each_domain() -> None:
    rows = [*line(9, 5, 1), *line(8, 7, 2, of=DB)]
    assert gone(KeepRule(last=2), rows) == ["9d", "8d"]


def test_days_without_a_snapshot_are_not_counted_and_the_newest_of_a_day_is_kept() -> None:
    rows = line(40.5, 40.25, 10, 3.9, 3.1, 0.5)
    assert gone(KeepRule(daily=4), rows) == ["40.5d", "3.9d"]
    assert fates(KeepRule(daily=4), rows)["3.1d"] is Fate.DAILY


def test_weeks_begin_on_monday_and_months_on_the_first_in_utc() -> None:
    rows = line(8, 7, 6, 1, 0)  # Sunday, Monday, Tuesday, Sunday, Monday
    assert gone(KeepRule(weekly=3), rows) == ["7d", "6d"]
    assert gone(KeepRule(monthly=2), line(30, 29, 0)) == ["29d"], "30 days ago was October"


def test_what_is_kept_by_one_rule_stays_whatever_the_others_say() -> None:
    rows = line(90, 60, 31, 2, 1)
    assert gone(KeepRule(last=1, monthly=2), rows) == ["90d", "60d", "2d"]
    assert gone(KeepRule(last=1, older=30 * DAY), rows) == ["90d", "60d", "31d"]


def test_something_to_revert_to_always_stays() -> None:
    """A hollow one is nothing that one can revert to."""
    rows = [*line(90, 60), row("hollow", 50, parent="60d", flags=WRONG)]
    found = fates(KeepRule(older=DAY), rows)
    assert found == {"90d": Fate.GOES, "60d": Fate.ONLY, "hollow": Fate.BROKEN}
    held = [*line(90, 60), row("kept", 50, parent="60d", held=True)]
    assert gone(KeepRule(older=DAY), held) == ["90d", "60d"]


def test_held_ones_are_counted_and_those_that_are_no_good_are_not() -> None:
    rows = [
        *line(9, 8, 7),
        row("kept", 6, parent="7d", held=True),
        row("hollow", 5, parent="kept", flags=WRONG),
        row("safety-20261129T000000Z-x", 4, parent="hollow"),
        row("later", -1, parent="hollow"),
    ]
    assert gone(KeepRule(last=2), rows) == ["9d", "8d"]


def test_of_one_second_those_that_stay_anyway_are_counted_first() -> None:
    rows = [row("a", 2), row("b", 2, parent="a"), row("c", 2, parent="b")]
    rows[2] = replace(rows[2], flags=frozenset({Flag.CURRENT}))
    assert gone(KeepRule(last=2), rows) == ["b"]


def test_times_that_contradict_each_other_keep_both() -> None:
    rows = [row("base", 9), row("a", 3, parent="base"), row("b", 5, parent="a"), *line(2, 1)]
    found = fates(KeepRule(last=1), rows)
    assert (found["base"], found["a"], found["b"]) == (Fate.GOES, Fate.TIMES, Fate.TIMES)


def test_one_that_could_not_be_read_may_depend_on_any() -> None:
    unread = replace(row("x", None), snapshot=None, unread="broken XML")
    found = fates(KeepRule(last=1), [*line(3, 2), unread, *line(6, 5, of=DB)])
    assert found == {
        "3d": Fate.DEPENDANTS, "2d": Fate.DEPENDANTS, "x": Fate.UNREAD, "6d": Fate.GOES,
        "5d": Fate.LAST,
    }  # fmt: skip


@pytest.mark.parametrize("use", [use for use in Use if use is not Use.FREE])
def test_of_a_domain_in_use_nothing_goes(use: Use) -> None:
    found = decide(KeepRule(last=1), line(3, 2), {WEB.key: use}, NOW)
    assert not any(one.goes for one in found)
    assert list(domains_to_ask(found)) == ([WEB.key] if use is Use.UNKNOWN else [])


@pytest.mark.parametrize(
    ("said", "use"),
    [
        ({}, Use.FREE),
        ({"busy": True}, Use.BUSY),
        ({"block_jobs": ("vda",)}, Use.BUSY),
        ({"backup": ("vda",)}, Use.BUSY),
        ({"busy": None}, Use.UNKNOWN),
        ({"hung": True}, Use.UNKNOWN),
    ],
)
def test_what_a_domain_says_of_itself(said: dict[str, Any], use: Use) -> None:
    assert Use.of(replace(facts().status, **{"busy": False, **said})) is use


def test_all_that_can_become_of_a_snapshot_has_words() -> None:
    assert set(FATES) == set(Fate)
    assert set(FAULTS) == set(RuleFault)


def test_a_group_goes_or_stays_as_a_whole() -> None:
    both = Group("group-20261125T120000Z-0aff", 2)
    rows = [row("g", 9, group=both), row("g", 9, of=DB, group=both), *line(3), *line(3, of=DB)]
    part = decide(KeepRule(last=1), [rows[0], rows[2]], FREE, NOW)
    assert [one.fate for one in part] == [Fate.GROUP_PART, Fate.LAST], "one is not listed"
    kept = decide(KeepRule(last=1), rows[:3], FREE, NOW)
    assert [one.fate for one in kept] == [Fate.WITH_GROUP, Fate.LAST, Fate.LAST]
    whole = decide(KeepRule(last=1), rows, FREE, NOW)
    assert [one.fate for one in whole[:2]] == [Fate.GOES, Fate.GOES]
    hidden = decide(KeepRule(last=1), rows, FREE, NOW, {one.mark for one in rows[1:]})
    assert [one.fate for one in hidden[:2]] == [Fate.NOT_SHOWN, Fate.WITH_GROUP]


# -- whatever there is


class Odd(enum.Enum):
    """What is the matter with one."""

    HELD = enum.auto()
    SAFETY = enum.auto()
    BROKEN = enum.auto()
    HELD_AND_BROKEN = enum.auto()
    NO_FIGURE = enum.auto()
    DELETING = enum.auto()
    UNREAD = enum.auto()
    UNMANAGED = enum.auto()


FOR_ALL = (Odd.DELETING, Odd.UNREAD)  # then nothing of the domain goes: seldom enough
MOSTLY_WELL = st.sampled_from(
    [*([None] * 40), *FOR_ALL, *(2 * [o for o in Odd if o not in FOR_ALL])]
)
AGES = st.sampled_from([None, -0.5, -1, -1.5, -2, 1e6, *(age / 2 for age in range(40))])
GROUPS = st.sampled_from([None] * 24 + [(which, size) for which in "ab" for size in (1, 2, 3)])
ROWS = st.lists(st.tuples(MOSTLY_WELL, AGES, GROUPS, st.integers(-2, 5)), max_size=6).flatmap(
    lambda rows: st.sampled_from([rows, sorted(rows, key=lambda one: -(one[1] or 0))])
)
"""Often the oldest comes first: else most times contradict each other, and nothing goes."""


def rows_of(
    domain: Domain,
    made: Sequence[tuple[Odd | None, float | None, tuple[str, int] | None, int]],
    *,
    at_last: bool,
) -> list[ListedSnapshot]:
    """Snapshots of a domain with anything that can be wrong with them.

    Args:
        at_last: the last one is the current one.
    """
    rows: list[ListedSnapshot] = []
    for number, (odd, days, group, above) in enumerate(made):
        names = [one.name for one in rows]
        parent = "gone" if above == -1 and number % 5 == 4 else None
        one = row(
            f"safety-20261129T000000Z-{number}" if odd is Odd.SAFETY else f"s{number}",
            days,
            of=domain,
            parent=names[above] if 0 <= above < len(names) else parent,
            held=odd in (Odd.HELD, Odd.HELD_AND_BROKEN),
            group=Group(f"group-20261125T120000Z-{group[0]}aff", group[1]) if group else None,
            deleting=odd is Odd.DELETING,
            flags=WRONG if odd in (Odd.BROKEN, Odd.HELD_AND_BROKEN) else frozenset(),
            reclaim=NotKnown("not counted yet") if odd is Odd.NO_FIGURE else 1,
        )
        if odd is Odd.UNREAD:
            one = replace(one, snapshot=None, created=None, unread="broken XML")
        elif odd is Odd.UNMANAGED:
            one = replace(one, snapshot=None, flags=frozenset({Flag.UNMANAGED, Flag.INTERNAL}))
        rows.append(one)
    if rows and at_last:
        rows[-1] = replace(rows[-1], flags=rows[-1].flags | {Flag.CURRENT})
    return rows


WORLDS = st.tuples(ROWS, ROWS, st.booleans()).map(
    lambda both: rows_of(WEB, both[0], at_last=both[2]) + rows_of(DB, both[1], at_last=not both[2])
)
NUMBERS = st.integers(0, 4)
RULES = st.builds(
    KeepRule, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none() | st.sampled_from([DAY, 30 * DAY])
).filter(lambda rule: rule != KeepRule())
MOSTLY_FREE = st.sampled_from([*([Use.FREE] * 12), *Use])
USES = st.fixed_dictionaries({WEB.key: MOSTLY_FREE}, optional={DB.key: MOSTLY_FREE})


def may_be_named(one: ListedSnapshot, rows: Sequence[ListedSnapshot]) -> bool:
    """What the list of what is never named says, said once more and otherwise."""
    family = [other for other in rows if other.domain.key == one.domain.key]
    made = one.snapshot
    if made is None or made.created is None or not 0 < made.created <= NOW:
        return False
    if one.flags & {Flag.HELD, Flag.SAFETY, Flag.CURRENT, Flag.UNMANAGED, Flag.BROKEN}:
        return False
    if isinstance(one.reclaim, NotKnown) or any(other.unread for other in family):
        return False
    if any(other.snapshot and other.snapshot.delete_in_progress for other in family):
        return False
    above = [o.snapshot for o in family if o.snapshot and o.name == made.parent]
    below = [o.snapshot for o in family if o.snapshot and o.snapshot.parent == one.name]
    if made.parent is not None and not above:
        return False
    return all(o.created is not None and o.created <= made.created for o in above) and all(
        o.created is not None and o.created >= made.created for o in below
    )


def marks(found: Sequence[Fated]) -> set[tuple[str, str, str]]:
    return {one.row.mark for one in found if one.goes}


@settings(max_examples=400)
@given(WORLDS, RULES, USES)
def test_no_rule_names_what_it_may_never_name(
    rows: list[ListedSnapshot], rule: KeepRule, uses: dict[DomainKey, Use]
) -> None:
    found = decide(rule, rows, uses, NOW)
    assert [one.row for one in found] == rows
    for one in found:
        if one.goes:
            assert may_be_named(one.row, rows)
            assert uses.get(one.row.domain.key) is Use.FREE


@given(WORLDS, RULES)
def test_of_each_domain_something_stays_that_one_can_revert_to(
    rows: list[ListedSnapshot], rule: KeepRule
) -> None:
    found = decide(rule, rows, FREE, NOW)
    for domain in {one.row.domain.key for one in found if one.goes}:
        stays = [one for one in found if one.row.domain.key == domain and not one.goes]
        assert any(
            one.fate in (*COUNTED, Fate.HELD, Fate.CURRENT, Fate.WITH_GROUP, Fate.GROUP_PART)
            for one in stays
        )


@given(WORLDS, RULES, st.sets(st.integers(0, 14)))
def test_a_group_is_never_parted(
    rows: list[ListedSnapshot], rule: KeepRule, hidden: set[int]
) -> None:
    shown = {one.mark for number, one in enumerate(rows) if number not in hidden}
    found = decide(rule, rows, FREE, NOW, shown)
    goes = marks(found)
    assert goes <= shown
    groups = {one.mark: group_of(one.snapshot) for one in rows if one.snapshot is not None}
    for mark in goes:
        if (group := groups[mark]) is not None:
            members = {
                other for other, of in groups.items() if of is not None and of.id == group.id
            }
            assert members <= goes
            assert len(members) == group.size
            assert len({one.domain.key for one in rows if one.mark in members}) == group.size


@given(WORLDS, RULES)
def test_what_a_rule_left_it_leaves_again(rows: list[ListedSnapshot], rule: KeepRule) -> None:
    """Also after libvirt has given the children of what went a new parent."""
    goes = marks(decide(rule, rows, FREE, NOW))
    parents = {one.mark: one.snapshot.parent for one in rows if one.snapshot is not None}

    def moved(one: ListedSnapshot) -> ListedSnapshot:
        if one.snapshot is None:
            return one
        host, uuid, _ = one.mark
        parent = one.snapshot.parent
        while parent is not None and (host, uuid, parent) in goes:
            parent = parents[host, uuid, parent]
        return replace(one, snapshot=replace(one.snapshot, parent=parent))

    left = [moved(one) for one in rows if one.mark not in goes]
    assert marks(decide(rule, left, FREE, NOW)) == set()


@given(WORLDS, RULES, RULES)
def test_more_to_keep_never_lets_more_go(
    rows: list[ListedSnapshot], rule: KeepRule, other: KeepRule
) -> None:
    older = None
    if rule.older is not None and other.older is not None:
        older = max(rule.older, other.older)
    elif rule.older is not None or other.older is not None:
        older = rule.older or other.older
    more = KeepRule(
        max(rule.last, other.last),
        max(rule.daily, other.daily),
        max(rule.weekly, other.weekly),
        max(rule.monthly, other.monthly),
        older,
    )
    assert marks(decide(more, rows, FREE, NOW)) <= marks(decide(rule, rows, FREE, NOW))


@given(st.permutations(line(9, 8, 7, 3, 1)), RULES)
def test_the_order_of_the_list_is_no_matter(rows: list[ListedSnapshot], rule: KeepRule) -> None:
    assert marks(decide(rule, rows, FREE, NOW)) == marks(
        decide(rule, sorted(rows, key=lambda one: one.name), FREE, NOW)
    )
