"""What goes wrong while files of a snapshot are read."""

from __future__ import annotations

from snaptui.common.errors import SnaptuiError


class GuestFilesError(SnaptuiError):
    """The file systems of a snapshot, or something on them, cannot be read."""

    title = "Cannot read the files"


class LookEnded(GuestFilesError):
    """The disks are not what they were: nothing that is read of them counts any more."""

    title = "The files are closed"
