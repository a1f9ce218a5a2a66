"""Rows of the snapshot pane: their order, the graph beside them, and where the cursor goes."""

from __future__ import annotations

import math
import re
from collections import Counter
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model.disk import Presence
from snaptui.model.snapshot import Snapshot, SnapshotSet
from snaptui.ui.snapshot_graph import Row, RowKind, cursor_after, filtered, ranked, rows


def snapshot(name: str, parent: str | None, created: int | None, description: str = "") -> Snapshot:
    return Snapshot(
        name=name,
        parent=parent,
        created=created,
        state="shutoff",
        description=description,
        memory=Presence.NO,
        memory_path=None,
        disks=(),
        config=None,
        delete_in_progress=False,
        digest="",
    )


def snapshots(*tree: Snapshot, current: str | None = None) -> SnapshotSet:
    return SnapshotSet(
        names=tuple(one.name for one in tree),
        current=current,
        details=MappingProxyType({one.name: one for one in tree}),
    )


def chain(length: int) -> SnapshotSet:
    names = [f"s{at}" for at in range(length)]
    return snapshots(
        *(snapshot(name, names[at - 1] if at else None, at) for at, name in enumerate(names)),
        current=names[-1],
    )


def drawn(those: SnapshotSet) -> list[tuple[str, str]]:
    return [(row.prefix, row.name or "@") for row in rows(those)]


def test_a_chain_is_a_straight_line_with_you_are_here_at_its_end() -> None:
    assert drawn(chain(4)) == [("", "s0"), ("", "s1"), ("", "s2"), ("", "s3"), ("", "@")]


def test_siblings_stand_in_time_order_and_only_forks_are_indented() -> None:
    those = snapshots(
        snapshot("root", None, 1),
        snapshot("late", "root", 30),
        snapshot("early", "root", 10),
        snapshot("early-child", "early", 11),
        snapshot("main", "root", 20),
        snapshot("main-child", "main", 21),
        current="main-child",
    )
    assert drawn(those) == [
        ("", "root"),
        ("├─", "early"),
        ("│ ", "early-child"),
        ("├─", "late"),
        ("", "main"),
        ("", "main-child"),
        ("", "@"),
    ]


def test_several_roots_begin_with_a_corner() -> None:
    those = snapshots(
        snapshot("a", None, 1), snapshot("b", None, 2), snapshot("c", None, 3), current="c"
    )
    assert drawn(those) == [("┌─", "a"), ("├─", "b"), ("", "c"), ("", "@")]


def test_you_are_here_hangs_below_the_current_snapshot_beside_its_children() -> None:
    those = snapshots(
        snapshot("root", None, 1), snapshot("tried", "root", 2), snapshot("more", "tried", 3),
        current="root",
    )  # fmt: skip
    assert drawn(those) == [("", "root"), ("├─", "tried"), ("│ ", "more"), ("", "@")]
    kinds = {row.name: row.kind for row in rows(those)}
    assert kinds == {
        "root": RowKind.CURRENT,
        "tried": RowKind.SNAPSHOT,
        "more": RowKind.SNAPSHOT,
        None: RowKind.HERE,
    }


def test_without_a_current_snapshot_nothing_says_you_are_here() -> None:
    kinds = [row.kind for row in rows(snapshots(snapshot("a", None, 1)))]
    assert kinds == [RowKind.SNAPSHOT]


def test_until_all_is_read_the_rows_are_flat_in_the_given_order() -> None:
    those = SnapshotSet(("b", "a", "c"), "a", MappingProxyType({"a": snapshot("a", "b", 1)}))
    assert drawn(those) == [("", "b"), ("", "a"), ("", "c"), ("", "@")]
    assert [row.kind for row in rows(those)] == [
        RowKind.UNREAD,
        RowKind.CURRENT,
        RowKind.UNREAD,
        RowKind.HERE,
    ]


def test_a_snapshot_that_could_not_be_read_keeps_its_row() -> None:
    those = SnapshotSet(
        ("a", "bad"),
        "a",
        MappingProxyType({"a": snapshot("a", None, 1)}),
        MappingProxyType({"bad": "cannot be read"}),
    )
    assert {row.name: row.kind for row in rows(those)}["bad"] is RowKind.UNREADABLE


def test_an_orphan_is_a_root_and_keeps_its_children() -> None:
    those = snapshots(snapshot("orphan", "gone", 1), snapshot("child", "orphan", 2))
    assert drawn(those) == [("", "orphan"), ("", "child")]


@pytest.mark.parametrize("parent", ["a", "b", "c"])
def test_a_circle_is_opened_at_its_oldest(parent: str) -> None:
    those = snapshots(
        snapshot("c", "b", 3), snapshot("b", "a", 2), snapshot("a", parent, 1), current="c"
    )
    shown = [name for _, name in drawn(those)]
    assert shown[0] == "a"
    assert sorted(shown) == ["@", "a", "b", "c"]


def test_filter_keeps_names_and_descriptions_that_contain_it_without_the_graph() -> None:
    those = snapshots(
        snapshot("root", None, 1),
        snapshot("UPGRADE", "root", 2),
        snapshot("other", "root", 3, "before the Upgrade"),
        snapshot("last", "root", 4),
        current="last",
    )
    kept = filtered(rows(those), "upgrade")
    assert [(row.prefix, row.name) for row in kept] == [("", "UPGRADE"), ("", "other")]
    every = filtered(rows(those), "")
    assert [row.name for row in every] == ["root", "UPGRADE", "other", "last"]


def test_filter_takes_its_text_literally() -> None:
    shown = (Row("a.c", RowKind.SNAPSHOT, ""), Row("abc", RowKind.SNAPSHOT, ""))
    assert [row.name for row in filtered(shown, "a.c")] == ["a.c"]


@pytest.mark.parametrize(
    ("new", "name"),
    [
        (["new", "a", "b", "c", None], "b"),
        (["a", "c", None], "c"),
        (["a"], "a"),
        (["a", None], "a"),
        (["x", "y", "z"], "y"),
        (["x"], "x"),
    ],
)
def test_the_cursor_stays_else_goes_below_else_above(new: list[str | None], name: str) -> None:
    assert new[cursor_after(["a", "b", "c", None], 1, new)] == name


def test_the_cursor_of_an_empty_list_is_the_first_place() -> None:
    assert cursor_after(["a", "b"], 1, []) == 0
    assert cursor_after([], 0, ["a"]) == 0


def test_a_chain_of_five_thousand() -> None:
    shown = rows(chain(5_000))
    assert [row.name for row in shown] == [*(f"s{at}" for at in range(5_000)), None]
    assert {row.prefix for row in shown} == {""}


def test_ten_thousand_snapshots_of_one_bushy_tree_stay_narrow() -> None:
    tree = [snapshot(f"s{at}", f"s{(at - 1) // 2}" if at else None, at) for at in range(10_000)]
    shown = rows(snapshots(*tree, current="s9999"))
    assert len({row.name for row in shown}) == len(shown) == 10_001
    assert max(len(row.prefix) for row in shown) <= 2 + 2 * 14


@st.composite
def relations(draw: st.DrawFn) -> SnapshotSet:
    """Any parent relation: trees, forests, orphans, circles; some snapshots unreadable."""
    names = [f"s{at}" for at in range(draw(st.integers(0, 12)))]
    parents = st.sampled_from([*names, None, "gone"])
    details = {
        name: snapshot(name, draw(parents), draw(st.none() | st.integers(-5, 5)))
        for name in names
        if draw(st.integers(0, 9))
    }
    errors = {name: "cannot be read" for name in names if name not in details}
    current = draw(st.sampled_from([*names, None, "gone"]))
    return SnapshotSet(tuple(names), current, details, errors)


@given(relations())
def test_every_snapshot_appears_exactly_once_whatever_the_parents(those: SnapshotSet) -> None:
    shown = rows(those)
    assert Counter(row.name for row in shown if row.name) == Counter(those.names)
    assert sum(row.kind is RowKind.HERE for row in shown) == (those.current in those.names)
    assert all(re.fullmatch("(│ )*([├┌]─)?", row.prefix) for row in shown)
    widest = 2 + 2 * math.log2(max(1, len(those.names)))
    assert all(len(row.prefix) <= widest for row in shown)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=30))
def test_a_parent_stands_above_its_children(places: list[tuple[int, int]]) -> None:
    tree = [
        snapshot(f"s{at}", f"s{parent % at}" if at else None, time)
        for at, (parent, time) in enumerate(places)
    ]
    line = {row.name: number for number, row in enumerate(rows(snapshots(*tree)))}
    assert all(line[one.parent] < line[one.name] for one in tree if one.parent is not None)


def test_ranked_rows_are_flat_the_highest_first_and_unknown_last() -> None:
    those = snapshots(
        snapshot("a", None, 1), snapshot("b", "a", 2), snapshot("c", "a", 3), current="c"
    )
    ranks = {"a": 5.0, "b": None, "c": 7.0}
    found = ranked(rows(those), lambda row: ranks[row.name or ""])
    assert [(row.name, row.prefix) for row in found] == [("c", ""), ("a", ""), ("b", "")]
