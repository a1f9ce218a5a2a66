"""The errors that snaptui raises on purpose.

Every one of them can be shown as it is: a short title, a message that says what is
wrong, and a hint that says what to do about it. What they quote of others, as of libvirt
and qemu-img, is without secrets.
"""

from __future__ import annotations

from snaptui.common.masking import masked


class SnaptuiError(Exception):
    """Something went wrong in a way that an admin can understand.

    Attributes:
        title: a few words, no full stop.
        message: what is wrong; for a libvirt error its full text.
        hint: what to do about it; may be empty.
    """

    title = "Something went wrong"

    def __init__(self, message: str, *, hint: str = "", title: str = "") -> None:
        self.title = title or type(self).title
        self.message = masked(message)
        self.hint = masked(hint)
        super().__init__(self.message)


class ConfigError(SnaptuiError):
    """The configuration file or the command line cannot be used."""

    title = "Wrong configuration"


class Disconnected(SnaptuiError):
    """The connection to libvirt is gone, or could not be opened."""

    title = "Not connected"


class OutOfReach(SnaptuiError):
    """libvirt's daemon for the guests does not reach its daemon for something else."""

    title = "A daemon of libvirt does not answer"


class SignInNeeded(Disconnected):
    """The connection needs an answer on the terminal (a password, a host key)."""

    title = "Sign-in needed"


class NotPermitted(SnaptuiError):
    """libvirt or the host refuses this user."""

    title = "Not permitted"


class NotFound(SnaptuiError):
    """The domain, the snapshot, or what either names of the host is not there (any more)."""

    title = "Not found"


class Busy(SnaptuiError):
    """Another job holds the domain."""

    title = "The domain is busy"


class Unsupported(SnaptuiError):
    """This libvirt, or this kind of domain, cannot do it."""

    title = "Not supported here"


class Cancelled(SnaptuiError):
    """The user did not want it any more."""

    title = "Cancelled"


class ImageError(SnaptuiError):
    """An image cannot be read, or is not what it says it is."""

    title = "Image cannot be read"


class NoImage(ImageError):
    """There is no such file."""


class DamagedImage(ImageError):
    """What it says of itself makes no sense.

    Attributes:
        beneath: the files that its head names all the same as what it lies upon; ``None`` when
            that cannot be told, so that it may be any.
    """

    def __init__(
        self, message: str, *, hint: str = "", beneath: frozenset[str] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.beneath = beneath


class NotAnImage(ImageError):
    """It is a directory, or anything else that holds no bytes of an image."""


class SilentImage(ImageError):
    """Its file system does not answer."""


class FixedSize(ImageError):
    """It takes what it takes, and neither grows nor shrinks: a raw block device."""


class HostError(SnaptuiError):
    """Any other error that libvirt reports, with libvirt's own text."""

    title = "libvirt reports an error"
