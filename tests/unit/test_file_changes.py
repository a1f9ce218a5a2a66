"""What differs between two trees of files, by their metadata and by hash."""

from __future__ import annotations

import dataclasses
import stat

import pytest

from snaptui.guest_files.changes import (
    Aspect,
    Branch,
    Change,
    ChangeTree,
    FileChange,
    compared,
)
from snaptui.model.guest_file import GuestFile

FILE = GuestFile(
    name="file",
    mode=stat.S_IFREG | 0o644,
    owner=0,
    group=0,
    size=10,
    modified=1,
    changed=1,
    inode=7,
    device=1,
    links=1,
)
FOLDER = dataclasses.replace(FILE, name="folder", mode=stat.S_IFDIR | 0o755, size=4096)
LINK = dataclasses.replace(FILE, name="link", mode=stat.S_IFLNK | 0o777, target="/etc/passwd")


def change(one: GuestFile | None, other: GuestFile | None) -> FileChange:
    return FileChange("etc/file", one, other)


def test_equal_metadata_are_not_said_to_be_the_same_content() -> None:
    """Whoever writes to a file may set its times."""
    unhashed = change(FILE, FILE)
    assert (unhashed.kind, unhashed.aspects) == (Change.NOT_COMPARED, ())
    assert dataclasses.replace(unhashed, equal=True).kind is Change.SAME
    assert dataclasses.replace(unhashed, equal=False).kind is Change.CHANGED


@pytest.mark.parametrize(
    ("other", "aspects"),
    [
        ({"size": 11}, (Aspect.SIZE,)),
        ({"mode": stat.S_IFREG | 0o600}, (Aspect.MODE,)),
        ({"owner": 1}, (Aspect.OWNER,)),
        ({"group": 1}, (Aspect.OWNER,)),
        ({"modified": 2, "changed": 2, "inode": 8}, (Aspect.MODIFIED,)),
        ({"inode": 8, "changed": 2}, (Aspect.INODE,)),
        ({"changed": 2}, (Aspect.TOUCHED,)),
        ({"mode": stat.S_IFLNK | 0o777, "size": 3}, (Aspect.TYPE,)),
        ({"size": 11, "modified": 2, "owner": 5}, (Aspect.SIZE, Aspect.OWNER, Aspect.MODIFIED)),
        ({"device": 9, "links": 2}, ()),
    ],
)
def test_each_difference_of_the_metadata_is_named(
    other: dict[str, int], aspects: tuple[Aspect, ...]
) -> None:
    found = change(FILE, dataclasses.replace(FILE, **other))  # type: ignore[arg-type]  # fields
    assert found.aspects == aspects
    assert found.kind is (Change.CHANGED if aspects else Change.NOT_COMPARED)


def test_a_folder_differs_by_what_is_its_own() -> None:
    """Its size and times follow what is in it, and that has rows of its own."""
    later = dataclasses.replace(FOLDER, size=8192, modified=5, changed=5, inode=9)
    assert change(FOLDER, later).kind is Change.SAME
    assert change(FOLDER, dataclasses.replace(later, owner=5)).aspects == (Aspect.OWNER,)


def test_a_link_is_the_same_where_its_metadata_are() -> None:
    """All that it holds is its target."""
    assert change(LINK, LINK).kind is Change.SAME
    other = dataclasses.replace(LINK, target="/etc/shadow", size=11)
    assert change(LINK, other).aspects == (Aspect.TARGET,)


def test_an_empty_file_has_no_content_to_compare() -> None:
    empty = dataclasses.replace(FILE, size=0)
    assert change(empty, empty).kind is Change.SAME


def test_a_tree_is_compared_each_folder_before_what_is_in_it() -> None:
    """Also where a name sorts between a folder and what is in it."""
    one = {"a": FOLDER, "a/x": FILE, "a-b": FILE, "gone": FILE}
    other = {"a": FOLDER, "a/x": FILE, "a/new": FILE, "a-b": FILE}
    found = [(each.path, each.kind) for each in compared(one, other, "etc")]
    assert found == [
        ("etc/a", Change.SAME),
        ("etc/a/new", Change.ADDED),
        ("etc/a/x", Change.NOT_COMPARED),
        ("etc/a-b", Change.NOT_COMPARED),
        ("etc/gone", Change.REMOVED),
    ]


def tree() -> ChangeTree:
    found = ChangeTree()
    one = {"a": FOLDER, "a/b": FOLDER, "a/b/same": FILE, "a/gone": FILE, "grown": FILE}
    grown = dataclasses.replace(FILE, size=30)
    other = {"a": FOLDER, "a/b": FOLDER, "a/b/same": FILE, "a/b/new": grown, "grown": grown}
    for each in compared(one, other):
        found.put(each)
    return found


def numbers(branch: Branch) -> dict[Change, int]:
    return {kind: number for kind, number in branch.sums.number.items() if number}


def test_each_folder_sums_what_is_below_it() -> None:
    found = tree()
    assert numbers(found.root) == {
        Change.ADDED: 1, Change.REMOVED: 1, Change.CHANGED: 1, Change.NOT_COMPARED: 1,
        Change.SAME: 2,
    }  # fmt: skip
    assert found.root.sums.grown == 30 - 10 + 20
    assert numbers(found.branch("a/b")) == {Change.ADDED: 1, Change.NOT_COMPARED: 1}
    assert found.branch("a").sums.size[Change.REMOVED] == 10
    assert [each.path for each in found.root.below()] == [
        "grown", "a/gone", "a/b/new", "a/b/same",
    ]  # fmt: skip


def test_a_hash_moves_a_file_from_one_sum_to_another() -> None:
    found = tree()
    (same,) = (each for each in found.root.below() if each.kind is Change.NOT_COMPARED)
    found.put(dataclasses.replace(same, equal=False))
    for path in ("", "a", "a/b"):
        assert found.branch(path).sums.number[Change.NOT_COMPARED] == 0
    assert found.branch("a/b").sums.number[Change.CHANGED] == 1


def test_a_file_that_became_a_folder_is_one_row_with_what_is_in_it() -> None:
    found = ChangeTree()
    for each in compared({"a": FILE}, {"a": FOLDER, "a/x": FILE}):
        found.put(each)
    branch = found.branch("a")
    assert branch.change is not None
    assert branch.change.aspects == (Aspect.TYPE,)
    assert [each.kind for each in branch.files.values()] == [Change.ADDED]
