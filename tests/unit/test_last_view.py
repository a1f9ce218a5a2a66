"""What the screen was left with: kept for its owner, and read as if a stranger had written it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.ui.last_view import (
    HOSTS,
    LARGEST,
    LONGEST,
    NAME,
    HostView,
    LastView,
    load,
    parse,
    save,
)

UUID = "c7a5fdbd-cdaf-9455-926a-d65c16db1809"
VIEW = HostView(UUID, True, True, "OLDEST", "RECLAIM")


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    """Also that of hosts that were not looked at this time."""
    directory = tmp_path / "state" / "snaptui"
    assert load(directory) == LastView()
    save(directory, {"qemu:///system": VIEW}, "qemu:///system")
    assert load(directory) == LastView({"qemu:///system": VIEW}, "qemu:///system")
    save(directory, {"qemu+ssh://b/system": HostView()}, "qemu+ssh://b/system")
    last = load(directory)
    assert last.host == "qemu+ssh://b/system"
    assert list(last.hosts) == ["qemu+ssh://b/system", "qemu:///system"]
    assert last.hosts["qemu:///system"] == VIEW
    assert stat.S_IMODE((directory / NAME).stat().st_mode) == 0o600
    assert os.listdir(directory) == [NAME]


def test_hosts_are_bounded(tmp_path: Path) -> None:
    """Those looked at last stay."""
    for first in (0, HOSTS):
        save(tmp_path, {f"host{at}": VIEW for at in range(first, first + HOSTS)}, "x")
    assert list(load(tmp_path).hosts) == [f"host{at}" for at in range(HOSTS, 2 * HOSTS)]
    save(tmp_path, {"h" * (LONGEST + 1): VIEW}, "")
    assert len(load(tmp_path).hosts) == HOSTS


def test_where_it_cannot_be_written_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save(tmp_path / "file" / "below", {"a": VIEW}, "a")
    (tmp_path / NAME).mkdir()
    save(tmp_path, {"a": VIEW}, "a")
    assert sorted(os.listdir(tmp_path)) == ["file", NAME]
    assert load(tmp_path) == LastView()


@pytest.mark.parametrize("kind", ["link", "fifo", "large", "writable"])
def test_a_file_that_is_not_ours_alone_says_nothing(tmp_path: Path, kind: str) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "own" / NAME
    save(elsewhere, {"a": VIEW}, "a")
    path.parent.mkdir(mode=0o700)
    if kind == "link":
        path.symlink_to(elsewhere / NAME)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes((elsewhere / NAME).read_bytes().ljust(LARGEST + 1))
    else:
        path.write_bytes((elsewhere / NAME).read_bytes())
        path.chmod(0o666)
    assert load(path.parent) == LastView()


FIELDS = st.sampled_from(["host", "hosts", "domain", "by_frees", "folded", "order", "all_order"])
PLAIN = st.sampled_from([None, True, 7, 1e400, "", "host", UUID, "AGE"])
TOLD = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner))


@given(st.binary(max_size=200) | TOLD.map(lambda told: json.dumps(told).encode()))
def test_whatever_it_says_is_a_view_or_nothing(data: bytes) -> None:
    last = parse(data)
    assert not last.host or last.host in last.hosts
    for name, view in last.hosts.items():
        assert name
        assert view.domain in ("", UUID)
        assert isinstance(view.by_frees, bool)
        assert {view.order, view.all_order} <= {"", "AGE"}


def test_nothing_is_taken_for_more_than_it_is() -> None:
    assert parse(b"[" * 100_000) == LastView()
    odd = {"host": "a", "domain": UUID.upper(), "folded": 1, "order": "A\n", "all_order": "A" * 21}
    assert parse(json.dumps({"hosts": [odd]}).encode()).hosts == {"a": HostView()}
