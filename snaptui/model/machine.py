"""What a guest is a machine of, and what of that a host may lack."""

from __future__ import annotations

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """What a guest is a machine of; what the XML leaves open is empty.

    Attributes:
        kind: of hypervisor (``kvm``).
        type: QEMU's machine type (``pc-q35-7.2``).
        emulator: path of QEMU.
    """

    kind: str
    arch: str
    type: str
    emulator: str


class Part(enum.Enum):
    """What of a machine a host may not have any more; ``HOST`` is what it is attached to there."""

    MACHINE = enum.auto()
    CPU = enum.auto()
    DEVICE = enum.auto()
    FEATURE = enum.auto()
    HOST = enum.auto()


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that QEMU on a host is not or has not, or the host itself.

    Attributes:
        part: of a machine.
        name: libvirt's, as ``pc-q35-2.4`` or ``video qxl``; of the host with its article.
        reason: libvirt's words, where it has any.
        sure: a start fails by it; otherwise it may.
    """

    part: Part
    name: str
    reason: str = ""
    sure: bool = True
