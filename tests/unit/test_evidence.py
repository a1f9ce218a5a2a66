"""Nothing is called written or untouched without proof, whatever became of a file's times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.model.image import ImageInfo, ImageSnapshot, NotKnown
from snaptui.storage.evidence import By, judge

SINCE = 1000

ACTS = st.sampled_from(
    ("write", "snapshot", "delete a snapshot", "chown", "touch", "touch back", "put back", "open")
)


class File:
    """The base of an overlay, and what the acts of people and programs leave of it.

    Attributes:
        disk: a number that each write changes.
    """

    def __init__(self) -> None:
        self.disk = 0
        self.written = self.changed = 0.0
        self.entries: list[tuple[int, int]] = []
        self.saved = (0, 0.0, list(self.entries))
        self.wrote: list[float] = []

    def do(self, act: str, now: float) -> None:
        if act == "open":
            return
        self.changed = now
        if act == "write":
            self.disk += 1
            self.wrote.append(now)
        if act == "snapshot":
            self.entries.append((int(now), self.disk))
        if act == "delete a snapshot":
            self.entries = self.entries[1:]
        if act == "put back":  # cp -p of what was saved
            disk, self.written, entries = self.saved
            self.wrote += [now] if disk != self.disk else []
            self.disk, self.entries = disk, list(entries)
        elif act == "touch back":
            self.written = 1.0
        elif act != "chown":
            self.written = now

    def save(self) -> None:
        self.saved = (self.disk, self.written, list(self.entries))

    @property
    def head(self) -> ImageInfo:
        snapshots = tuple(
            ImageSnapshot(str(n), "s", made, 0) for n, (made, _) in enumerate(self.entries)
        )
        unlike = [made for made, disk in self.entries if disk != self.disk]
        return ImageInfo(
            "/base", "qcow2", 1, 1, snapshots, written=self.written, changed=self.changed,
            departed=max(unlike, default=None),
        )  # fmt: skip


@given(
    before=st.lists(ACTS, max_size=6),
    saved=st.integers(0, 6),
    after=st.lists(ACTS, max_size=8),
    upper=st.floats(SINCE, SINCE + 20),
)
def test_no_history_of_a_file_is_judged_falsely(
    before: list[str], saved: int, after: list[str], upper: float
) -> None:
    file = File()
    for at, act in enumerate(before):
        if at == saved:
            file.save()
        file.do(act, SINCE - 100 + at)
    for at, act in enumerate(after, 1):
        file.do(act, SINCE + at + 0.5)
    over = ImageInfo("/over", "qcow2", 1, 1, (), written=upper, changed=upper)
    found = judge(file.head, over, SINCE)
    wrote = any(time > SINCE for time in file.wrote)
    if found.written is False:
        assert not wrote
    if found.by is By.ENTRY:
        assert wrote
    if found.by is By.LATER:  # by the files' times, which are what it says
        assert file.written > upper
        assert wrote or {"touch", "delete a snapshot"} & set(after)


def head(written: float | None, changed: float | None = None, **more: object) -> ImageInfo:
    snapshots = more.get("snapshots", ())
    assert isinstance(snapshots, tuple)
    departed, bitmaps = more.get("departed"), more.get("bitmaps", 0)
    assert departed is None or isinstance(departed, int)
    assert isinstance(bitmaps, int)
    return ImageInfo(
        "/base", "qcow2", 1, 1, snapshots, written=written,
        changed=written if changed is None else changed, departed=departed, bitmaps=bitmaps,
    )  # fmt: skip


ENTRY = ImageSnapshot("1", "s", SINCE + 5, 0)


@pytest.mark.parametrize(
    ("lower", "upper", "by"),
    [
        (head(SINCE - 1), SINCE + 9.0, By.UNCHANGED),
        (head(SINCE - 1, SINCE + 50), SINCE + 9.0, By.SET),
        (head(SINCE - 1, SINCE + 50, departed=SINCE + 5), SINCE + 9.0, By.ENTRY),
        (head(SINCE - 1, departed=SINCE - 5), SINCE + 9.0, By.UNCHANGED),
        (head(SINCE + 10), SINCE + 9.0, By.LATER),
        (head(SINCE + 10, SINCE + 8), SINCE + 9.0, By.SET),
        (head(SINCE + 10, snapshots=(ENTRY,)), SINCE + 9.0, By.OTHERWISE),
        (head(SINCE + 10, bitmaps=1), SINCE + 9.0, By.OTHERWISE),
        (head(SINCE + 5), SINCE + 9.0, By.NOTHING),
        (head(SINCE + 10), None, By.NOTHING),
        (head(None), SINCE + 9.0, By.NOTHING),
    ],
)
def test_what_proves_it(lower: ImageInfo, upper: float | None, by: By) -> None:
    over = ImageInfo("/over", "qcow2", 1, 1, (), written=upper)
    found = judge(lower, over, SINCE)
    assert found.by is by
    assert (found.words == "") == (by in (By.UNCHANGED, By.NOTHING))


def test_without_the_image_or_the_time_nothing_is_known() -> None:
    assert judge(NotKnown("gone"), None, SINCE).written is None
    assert judge(head(SINCE - 1), None, None).written is None
