"""What a host's libvirt can do, and what it does wrongly: the only place that compares versions.

The plans are proven on :data:`TRIED` (``make matrix``). Any other version is held to the
strictest rules of those next to it: it can do what they can as well, and does wrongly what one
of them does.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from snaptui.model import Host, Version

TRIED: tuple[Version, ...] = ((9, 0, 0), (11, 3, 0))
"""Debian 12's and Debian 13's, whatever their last number is."""
_HOLES = (7, 2)
_FIRST: Version = (0, 0, 0)
_EVER: Version = (1000, 0, 0)


class Can(enum.Enum):
    """What plans make use of; the value is the first version (libvirt's NEWS says so)."""

    DELETE_EXTERNAL = 9, 0, 0
    """Merges an external snapshot away."""
    REVERT_EXTERNAL = 9, 9, 0
    """Reverts to an external snapshot, and knows the branches that this leaves; its capabilities
    must say so too."""
    KEEP_FIRMWARE_INSIDE = 10, 9, 0
    """Takes an internal snapshot where the UEFI variables are in qcow2, or the domain is off."""
    LOAD_BY_JOB = 10, 10, 0
    """Looks for the parts inside the images before it loads the RAM from one."""


class Wrong(enum.Enum):
    """What plans refuse or warn of."""

    KEEPS_MEMORY_FILES = enum.auto()
    """A deleted snapshot's RAM stays in its file (NEWS 9.1.0)."""
    MERGES_NEWEST_ALONE = enum.auto()
    """Of a domain that is off it knows no more of a chain than its definition says (measured)."""
    SPOILS_RECORDS = enum.auto()
    """A delete of metadata changes the records below as if data were merged (measured)."""
    DELETES_STRAYS = enum.auto()
    """While the guest runs, a new snapshot takes the place of a stray of its name: savevm of
    QEMU's monitor; jobs refuse it (NEWS 10.9.0)."""
    FORGETS_WHAT_STAYS = enum.auto()
    """While the guest runs, the metadata of a snapshot go though its data could not be deleted:
    delvm of QEMU's monitor; jobs fail (NEWS 10.9.0). Of a domain that is off all versions do."""
    NAMES_JOBS = enum.auto()
    """While the guest runs, the name of an internal snapshot is part of the ID of a job, and QEMU
    allows only some characters there (qemuSnapshotCreateActiveInternalStart, NEWS 10.9.0)."""
    GOES_DOWN_AT_BRANCHES = enum.auto()
    """Some merges beside branches bring its daemon down (not in 12.8, measured)."""
    LOCKS_RECORDS = enum.auto()
    """Of a domain that is off and has checkpoints it changes no record of a snapshot, and makes
    none (measured on 9.0; 11.3 refuses external ones alone)."""
    OPENS_OVERLAYS = enum.auto()
    """Overlays of a domain that is off are readable for everybody (CVE-2025-13193)."""


_SPANS: Mapping[Wrong, tuple[Version, Version]] = MappingProxyType(
    {
        Wrong.KEEPS_MEMORY_FILES: (_FIRST, (9, 1, 0)),
        Wrong.MERGES_NEWEST_ALONE: (_FIRST, (9, 9, 0)),
        Wrong.SPOILS_RECORDS: (_FIRST, (9, 9, 0)),
        Wrong.DELETES_STRAYS: (_FIRST, (10, 9, 0)),
        Wrong.FORGETS_WHAT_STAYS: (_FIRST, (10, 9, 0)),
        Wrong.NAMES_JOBS: ((10, 9, 0), _EVER),
        Wrong.GOES_DOWN_AT_BRANCHES: ((9, 9, 0), (12, 8, 0)),
        Wrong.LOCKS_RECORDS: (_FIRST, (11, 3, 0)),
        Wrong.OPENS_OVERLAYS: (_FIRST, (11, 10, 0)),
    }
)
"""The first version, and the first that does not any more."""
_NO_RAM_INSIDE: tuple[Version, Version] = ((11, 2, 0), (11, 4, 0))
"""Upstream's cannot revert to RAM inside an image, Debian's 11.3 can (NEWS 11.4.0; measured)."""


def tried(host: Host) -> bool:
    """Whether the plans are proven on this libvirt; another driver than QEMU's changes nothing."""
    return host.driver != "QEMU" or _minor(host.libvirt) in map(_minor, TRIED)


def can(host: Host, what: Can) -> bool:
    """Whether this libvirt, and those next to it if it was not tried, can do something."""
    if what is Can.REVERT_EXTERNAL and not host.reverts_external:
        return False
    return all(version >= what.value for version in _held_to(host))


def tells_reverts(libvirt: Version) -> bool:
    """Whether the capabilities of this version can say that it reverts to external snapshots."""
    return libvirt >= Can.REVERT_EXTERNAL.value


def does(host: Host, what: Wrong) -> bool:
    """Whether this libvirt, or one next to it if it was not tried, does something wrongly."""
    first, fixed = _SPANS[what]
    return any(first <= version < fixed for version in _held_to(host))


def may_fail_with_ram_inside(host: Host) -> bool:
    """Whether a revert to RAM inside an image depends on who built this version."""
    return _NO_RAM_INSIDE[0] <= host.libvirt < _NO_RAM_INSIDE[1]


def fills_raw(host: Host) -> bool:
    """Whether QEMU merges zeros into a raw image as data.

    QEMU 7.2 makes holes there, 10.0 does not (measured); between them it was not tried.
    """
    return host.hypervisor is None or _minor(host.hypervisor) > _HOLES


def name(host: Host) -> str:
    """Its version as people call it: ``11.3``."""
    return ".".join(map(str, _minor(host.libvirt)))


def no_external_revert(host: Host) -> str:
    """Why it is not asked for a revert to an external snapshot, in words."""
    how = "was not tried for a" if host.reverts_external else "has no"
    return f"libvirt {name(host)} {how} revert to external snapshots"


def _held_to(host: Host) -> tuple[Version, ...]:
    """The version itself and, if it was not tried, the tried ones before and after it."""
    own = host.libvirt
    if tried(host):
        return (own,)
    before = [version for version in TRIED if version < own][-1:]
    after = [version for version in TRIED if version > own][:1]
    return (own, *before, *after)


def _minor(version: Version) -> tuple[int, int]:
    return version[:2]
