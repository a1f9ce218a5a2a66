"""Guests of several hosts on one image: by what is known of where that lies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptui.model.domain import DomainKey
from snaptui.monitor.free_space import Fullest
from snaptui.monitor.host import HostState
from snaptui.monitor.images import ImagesState
from snaptui.ui.panes.host_rows import SHARERS, ListedHost, Rows
from tests.unit.made import HOST

PATH = "/images/web.qcow2"


def listed(uri: str, *uuids: str, local: bool = False, shared: bool = False) -> ListedHost:
    """A host whose domains all have the image."""
    state = HostState(host=replace(HOST, uri=uri, local=local), loaded=True)
    disks = {DomainKey(uri, uuid): frozenset({PATH}) for uuid in uuids}
    known = frozenset({PATH} if shared else ())
    return ListedHost(uri, uri, state, ImagesState(), Fullest(), {}, disks, known)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (listed("a", "1", local=True), listed("b", "2", local=True), True),
        (listed("a", "1", shared=True), listed("b", "2", shared=True), True),
        (listed("a", "1", local=True), listed("b", "2"), False),
        (listed("a", "1"), listed("b", "2"), False),
        (listed("a", "1", shared=True), listed("b", "2"), False),
        (listed("a", "1", local=True), listed("b", "1", local=True), False),
    ],
    ids=["one machine", "one share", "near and far", "far", "one is local", "one guest"],
)
def test_two_paths_are_one_image_where_that_is_known(
    one: ListedHost, other: ListedHost, same: bool
) -> None:
    rows = Rows()
    rows.of([one, other], "")
    sharers = {
        DomainKey("a", "1"): {DomainKey("b", "2")},
        DomainKey("b", "2"): {DomainKey("a", "1")},
    }
    assert rows.sharers == (sharers if same else {})


def test_guests_of_one_host_are_not_told_and_of_many_only_some() -> None:
    rows = Rows()
    rows.of([listed("a", "1", "2", local=True)], "")
    assert rows.sharers == {}
    many = [str(number) for number in range(2, 40)]
    rows.of([listed("a", "1", local=True), listed("b", *many, local=True)], "")
    assert len(rows.sharers[DomainKey("a", "1")]) == SHARERS
    assert rows.sharers[DomainKey("b", "39")] == {DomainKey("a", "1")}
