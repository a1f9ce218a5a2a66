"""What versions can do, and what is held against those that nobody tried."""

from dataclasses import replace

import pytest

from snaptui.model.abilities import (
    Can,
    Wrong,
    by_whom,
    can,
    differs_by_build,
    does,
    keeps_branches,
    no_external_revert,
    proven,
    tried,
)
from snaptui.model.host import Host, Version
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
    fails = "fails where they are of the disks alone of a running guest"
    for version, of in (
        ((9, 9, 0), "10.0 (9.9 was not tried)"),
        ((10, 0, 0), "10.0"),
        ((10, 2, 0), "10.0 (10.2 was not tried)"),
    ):
        told = f"snaptui reverts to external ones from libvirt 11.3 on: {of} {fails}"
        assert no_external_revert(host(*version)) == told
    disks = Wrong.REVERTS_TO_NO_DISKS_ALONE
    assert [does(host(minor, 3, 0), disks) for minor in (9, 10, 11)] == [False, True, False]


@pytest.mark.parametrize("version", [(9, 2, 0), (9, 9, 0), (10, 10, 0), (11, 2, 0)])
def test_between_two_that_differ_the_stricter_one_counts(version: Version) -> None:
    assert not can(host(*version), Can.REVERT_EXTERNAL)
    assert does(host(*version), Wrong.SPOILS_RECORDS)
    assert does(host(*version), Wrong.MERGES_NEWEST_ALONE)


@pytest.mark.parametrize(
    ("version", "what", "wrong"),
    [
        ((10, 0, 0), Wrong.NAMES_JOBS, False),
        ((10, 9, 0), Wrong.NAMES_JOBS, True),
        ((10, 9, 0), Wrong.QUOTES_NO_NAMES, False),
        ((10, 0, 0), Wrong.KEEPS_MEMORY_FILES, False),
        ((12, 0, 0), Wrong.OPENS_OVERLAYS, False),
        ((11, 9, 0), Wrong.OPENS_OVERLAYS, True),
        ((10, 8, 0), Wrong.STARTS_NO_LONG_CHAIN, True),
        ((12, 0, 0), Wrong.STARTS_NO_LONG_CHAIN, False),
        ((10, 10, 0), Wrong.REMOVES_BASES, True),
        ((11, 0, 0), Wrong.REMOVES_BASES, False),
    ],
)
def test_what_the_news_say_counts_for_the_version_itself(
    version: Version, what: Wrong, wrong: bool
) -> None:
    assert does(host(*version), what) is wrong
    assert by_whom(host(*version), what) == ".".join(map(str, version[:2]))


def test_what_was_measured_counts_and_what_lies_between_is_said_to_be_assumed() -> None:
    branches = Wrong.GOES_DOWN_AT_BRANCHES
    assert [does(host(12, minor, 0), branches) for minor in (0, 4, 8, 9)] == [
        True,
        True,
        False,
        False,
    ]
    assert by_whom(host(12, 0, 0), branches) == "12.0"
    assert by_whom(host(12, 4, 0), branches) == "12.0 (12.4 was not tried)"
    assert by_whom(host(13, 0, 0), branches) == "12.9 (13.0 was not tried)"
    assert (proven(host(11, 3, 0)), proven(host(12, 4, 0))) == ("11.3", "11.3 (12.4 was not tried)")


def test_records_are_read_as_the_host_keeps_them_and_not_as_it_is_asked() -> None:
    assert keeps_branches(host(10, 0, 0))
    assert not keeps_branches(HOST)
    assert not keeps_branches(replace(host(10, 0, 0), reverts_external=False))


def test_beyond_the_last_one_it_is_asked_as_that_is() -> None:
    newest = host(12, 8, 0)
    assert can(newest, Can.REVERT_EXTERNAL)
    assert not does(newest, Wrong.MERGES_NEWEST_ALONE)


def test_older_than_the_first_one_it_cannot_what_came_later() -> None:
    assert not can(host(8, 10, 0), Can.DELETE_EXTERNAL)
    assert does(host(8, 10, 0), Wrong.KEEPS_MEMORY_FILES)


def test_what_depends_on_qemu_and_on_who_built_libvirt() -> None:
    fills = Wrong.FILLS_RAW
    assert not does(HOST, fills), "QEMU 7.2"
    assert does(replace(HOST, hypervisor=(8, 2, 0)), fills)
    assert does(replace(HOST, hypervisor=None), fills)
    told = {(7, 2, 0): "7.2", (8, 2, 0): "10.0 (8.2 was not tried)", (10, 0, 13): "10.0"}
    for qemu, of in told.items():
        assert by_whom(replace(HOST, hypervisor=qemu), fills) == of
    assert by_whom(replace(HOST, hypervisor=None), fills) == "10.0 (the host's is not known)"
    versions = [(11, 1, 0), (11, 2, 0), (11, 3, 0), (11, 4, 0)]
    inside = Wrong.LOADS_NO_RAM_INSIDE
    assert [does(host(*one), inside) for one in versions] == [False, True, True, False]
    files = Wrong.LOADS_NO_RAM_FILES
    assert does(replace(host(12, 0, 0), hypervisor=(11, 1, 0)), files)
    assert not does(replace(host(12, 0, 0), hypervisor=(10, 2, 0)), files)
    assert not does(replace(host(12, 1, 0), hypervisor=(11, 1, 0)), files)


@pytest.mark.parametrize(
    ("build", "patched"),
    [
        ("11.3.0-3+deb13u3", True),
        ("11.3.0-2", True),
        ("11.3.0-2~bpo12+1", True),
        ("11.3.0-10", True),
        ("11.3.0-2~1", False),
        ("11.3.0-1", False),
        ("11.2.0-3", False),
        ("11.3.0", False),
        ("", False),
    ],
)
def test_what_a_distribution_has_patched_counts_where_its_package_is_known(
    build: str, patched: bool
) -> None:
    found = replace(host(11, 3, 0), build=build)
    assert does(found, Wrong.LOADS_NO_RAM_INSIDE) is not patched


def test_a_package_counts_for_the_version_that_runs_and_for_what_it_patches() -> None:
    third = [replace(host(11, 3, 0), build=f"11.3.0-3+deb13u{last}") for last in (1, 2, 3, 10)]
    assert [does(one, Wrong.OPENS_OVERLAYS) for one in third] == [True, False, False, False]
    assert does(replace(host(11, 2, 0), build="11.3.0-3"), Wrong.LOADS_NO_RAM_INSIDE)
    versions = [(9, 0, 0), (11, 2, 0), (11, 3, 0), (12, 9, 0)]
    assert [differs_by_build(host(*one)) for one in versions] == [False, False, True, False]
