"""What versions can do, and what is held against those that nobody tried."""

from dataclasses import replace

import pytest

from snaptui.abilities import (
    Can,
    Wrong,
    can,
    does,
    fills_raw,
    may_fail_with_ram_inside,
    no_external_revert,
    tried,
)
from snaptui.model import Host, Version
from tests.unit.made import HOST


def host(*version: int) -> Host:
    major, minor, last = version
    return replace(HOST, libvirt=(major, minor, last), reverts_external=True)


@pytest.mark.parametrize(
    ("version", "expected"),
    [((9, 0, 0), True), ((9, 0, 7), True), ((11, 3, 0), True), ((10, 2, 0), False)],
)
def test_which_versions_were_tried(version: Version, expected: bool) -> None:
    assert tried(host(*version)) is expected
    assert tried(replace(host(*version), driver="Test"))


def test_a_version_that_was_tried_is_what_it_is() -> None:
    assert not can(host(9, 0, 0), Can.REVERT_EXTERNAL)
    assert can(host(11, 3, 0), Can.REVERT_EXTERNAL)
    assert does(host(9, 0, 0), Wrong.SPOILS_RECORDS)
    assert not does(host(11, 3, 0), Wrong.SPOILS_RECORDS)


def test_a_revert_to_external_snapshots_is_only_asked_of_who_says_that_he_can() -> None:
    assert not can(replace(host(11, 3, 0), reverts_external=False), Can.REVERT_EXTERNAL)
    assert no_external_revert(HOST) == "libvirt 9.0 has no revert to external snapshots"
    assert "was not tried" in no_external_revert(host(10, 2, 0))


@pytest.mark.parametrize("version", [(9, 2, 0), (9, 9, 0), (10, 10, 0), (11, 2, 0)])
def test_between_two_tried_ones_it_is_held_to_both(version: Version) -> None:
    assert not can(host(*version), Can.REVERT_EXTERNAL)
    assert all(does(host(*version), what) for what in (Wrong.SPOILS_RECORDS, Wrong.NAMES_JOBS))


def test_beyond_the_last_one_it_is_held_to_that_and_to_its_own() -> None:
    newest = host(12, 8, 0)
    assert can(newest, Can.REVERT_EXTERNAL)
    assert does(newest, Wrong.GOES_DOWN_AT_BRANCHES), "11.3 does"
    assert not does(newest, Wrong.MERGES_NEWEST_ALONE)


def test_older_than_the_first_one_it_cannot_what_came_later() -> None:
    assert not can(host(8, 10, 0), Can.DELETE_EXTERNAL)
    assert does(host(8, 10, 0), Wrong.KEEPS_MEMORY_FILES)


def test_what_depends_on_qemu_and_on_who_built_libvirt() -> None:
    assert not fills_raw(HOST), "QEMU 7.2"
    assert fills_raw(replace(HOST, hypervisor=(8, 2, 0)))
    assert fills_raw(replace(HOST, hypervisor=None))
    versions = [(11, 1, 0), (11, 2, 0), (11, 3, 0), (11, 4, 0)]
    assert [may_fail_with_ram_inside(host(*one)) for one in versions] == [False, True, True, False]
