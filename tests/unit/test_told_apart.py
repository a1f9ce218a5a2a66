"""Hosts of one name are told apart by what differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.fleet import told_apart

SOCKET = "qemu+unix:///system?socket=/tmp/{}/d/run/libvirt-sock"


@pytest.mark.parametrize(
    ("uris", "names"),
    [
        (("qemu:///system", "qemu:///session"), ("vm/system", "vm/session")),
        ((SOCKET.format("a"), SOCKET.format("b")), ("vm/a", "vm/b")),
        (
            ("qemu+ssh://root@a.example/system", "qemu+ssh://ana@b.example/system"),
            ("vm/root@a.example", "vm/ana@b.example"),
        ),
        (
            ("qemu:///system", "qemu:///system?socket=/x"),
            ("vm/qemu:///system", "vm/socket=/x"),
        ),
        (
            ("qemu+ssh://r:one@a/system", "qemu+ssh://r:two@a/system", "qemu:///system"),
            ("qemu+ssh://r:***@a/system", "qemu+ssh://r:***@a/system", "vm/qemu"),
        ),
    ],
)
def test_by_the_part_in_which_their_uris_differ(
    uris: tuple[str, ...], names: tuple[str, ...]
) -> None:
    found = told_apart({"test:///default": "lone", **dict.fromkeys(uris, "vm")})
    assert found["test:///default"] == "lone"
    assert tuple(found[uri] for uri in uris) == names


@given(st.lists(st.text("ab:/?=@"), unique=True, min_size=1), st.data())
def test_no_two_have_the_same_and_the_order_stays(uris: list[str], data: st.DataObject) -> None:
    names = {f"test:///{uri}": data.draw(st.sampled_from(["vm", "kvm"])) for uri in uris}
    found = told_apart(names)
    assert list(found) == list(names)
    kept = [name for name in found.values() if name in ("vm", "kvm")]
    assert len(kept) == len(set(kept))
