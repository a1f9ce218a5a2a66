"""Whether an image was written to since another one lies upon it, and what proves it.

qcow2 keeps no time of its last write. Its own bytes prove one thing: where it holds a snapshot that
was made since, and its disk is not as that one any more, it was written to. The kernel sets the
time of a file's last *change*, which nobody can set back, at every write, and also when its owner,
name or times are changed. That of its last *write* is set by touch, cp -p and the tools that put
back what was saved; QEMU sets it as well when it takes or deletes a snapshot or keeps a bitmap, but
not when it only opens an image to write (tests/backend/test_evidence.py).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from snaptui.common import text
from snaptui.model.image import ImageInfo, NotKnown


class By(enum.Enum):
    """By what it is known whether an image was written to, or why it is not."""

    ENTRY = enum.auto()
    """It holds a snapshot that was made since, and is not as that one any more."""
    LATER = enum.auto()
    """It was written to later than the one upon it, and nothing else explains that."""
    UNCHANGED = enum.auto()
    """Nothing of the file was changed since, nor its times."""
    SET = enum.auto()
    """It says that it was not, but its time was set or it was put there since."""
    OTHERWISE = enum.auto()
    """It was written to later, which a snapshot or a bitmap alone explains as well."""
    NOTHING = enum.auto()
    """The times do not tell, or are not known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of it.

    Attributes:
        entry: when the snapshot was made that it is not as any more.
        lower, upper: when the image and the one upon it were written to last.
        changed: when anything of the image's file was changed last. All of these in seconds since
            the epoch; ``None`` when not known.
    """

    by: By = By.NOTHING
    entry: int | None = None
    lower: float | None = None
    upper: float | None = None
    changed: float | None = None

    @property
    def written(self) -> bool | None:
        """Whether it was; ``None`` when not known."""
        if self.by in (By.ENTRY, By.LATER):
            return True
        return False if self.by is By.UNCHANGED else None

    @property
    def words(self) -> str:
        """What proves it, or why that is not known; empty where there is nothing to say."""
        lower, upper, changed = (
            text.when(None if time is None else int(time), seconds=True)
            for time in (self.lower, self.upper, self.changed)
        )
        if self.by is By.ENTRY:
            made = text.when(self.entry, seconds=True)
            return f"it is not as its own snapshot of {made} any more"
        if self.by is By.LATER:
            return f"{lower}, and the one upon it {upper}, by the times of the files"
        if self.by is By.SET:
            return f"its time says {lower}, but the file was put there or set so at {changed}"
        if self.by is By.OTHERWISE:
            return f"{lower}, which may be only a snapshot in it or a backup tool's bitmap"
        return ""


NO_EVIDENCE = Evidence()


def judge(
    lower: ImageInfo | NotKnown | None, upper: ImageInfo | NotKnown | None, since: int | None
) -> Evidence:
    """Find out whether an image was written to.

    Args:
        upper: the image directly upon it, which was made when ``since`` at the earliest, and when
            it was written to last at the latest.
        since: when a snapshot froze the lower one, seconds since the epoch; ``None`` when not
            known.
    """
    if not isinstance(lower, ImageInfo):
        return Evidence()
    last = upper.written if isinstance(upper, ImageInfo) else None
    by = _by(lower, last, since)
    return Evidence(by, lower.departed, lower.written, last, lower.changed)


def _by(lower: ImageInfo, last: float | None, since: int | None) -> By:
    if since is not None and lower.departed is not None and lower.departed > since:
        return By.ENTRY
    if lower.written is None or lower.changed is None:
        return By.NOTHING
    if since is not None and lower.written < since:
        return By.UNCHANGED if lower.changed < since else By.SET
    if last is None or lower.written <= last:
        return By.NOTHING
    if lower.written > lower.changed:
        return By.SET
    taken = any(since is None or one.created >= since for one in lower.snapshots)
    return By.OTHERWISE if taken or lower.bitmaps else By.LATER
