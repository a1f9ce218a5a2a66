"""What the judge of worlds made by chance sees of what disks hold."""

from __future__ import annotations

import pytest

from tests.worlds.contents import CHUNK, Contents, Held, differing, not_as_before

MIB = 1 << 20
ODD = 4 * MIB + 77 * CHUNK
"""As disks are whose size is no multiple of anything large."""


def test_the_last_bytes_of_a_disk_are_compared() -> None:
    was, now = Held.of(bytes(ODD)), Held.of(bytes(ODD - 1) + b"x")
    assert differing({"a:vda": was}, {"a:vda": now})
    assert not differing({"a:vda": was}, {"a:vda": Held.of(bytes(ODD))})


def test_as_far_as_both_were_read_another_size_is_the_same() -> None:
    was, now = Held.of(b"x" * ODD), Held.of(b"x" * ODD + bytes(MIB))
    assert not differing({"a:vda": was}, {"a:vda": now})
    assert differing({"a:vda": was}, {"a:vda": Held.of(b"x" * (ODD - 1) + bytes(MIB))})


@pytest.mark.parametrize("now", [
    {"a:vda": Held.of(bytes(ODD)), "b:vda": Held.of(bytes(ODD))},
    {"a:vda": Held.of(bytes(ODD)), "b:vda": Held.of(bytes(ODD)), "a:vda@s1": None},
    {"a:vda": Held.of(bytes(MIB)), "b:vda": Held.of(bytes(ODD)), "a:vda@s1": Held.of(bytes(ODD))},
])  # fmt: skip
def test_after_an_undo_nothing_is_gone_unreadable_or_of_another_size(now: Contents) -> None:
    before = dict.fromkeys(("a:vda", "b:vda", "a:vda@s1"), Held.of(bytes(ODD)))
    assert len(not_as_before(before, now)) == 1
    assert not_as_before(before, {**before, "a:vda@new": Held.of(b"")}) == []
