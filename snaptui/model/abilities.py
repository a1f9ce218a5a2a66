"""What a host's libvirt can do, and what it does wrongly: the only place that compares versions.

Each line says what is known, and how: from libvirt's NEWS, which counts for the host's own
version, or from a run on single versions. Between two that differ, and where nothing is known,
the stricter one counts, and that it is assumed is said. The plans as a whole are proven on
:data:`TRIED` (``make matrix``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from snaptui.model.host import Host, Version

Minor = tuple[int, int]
"""A version without its last number."""

TRIED: Mapping[Minor, Minor] = MappingProxyType(
    {(9, 0): (7, 2), (11, 3): (10, 0), (12, 8): (11, 1), (12, 9): (11, 1)}
)
"""The libvirts that the plans are proven on, whatever their last number is, each with its QEMU:
Debian 12's, 13's, and those of sid and of the backports of 13 in November 2026."""
_HOLES = (7, 2)
_NO_RAM_FILES = (11, 0)
"""QEMU's that has dropped what libvirt asked it for until 12.1 (NEWS 12.1.0)."""
_LOADS_RAM_FILES = (12, 1)
_SAYS_HT = (10, 0)
_KNOWS_HT = (11, 10)


class Can(enum.Enum):
    """What plans make use of; the value is the first version (libvirt's NEWS says so)."""

    DELETE_EXTERNAL = 9, 0
    """Merges an external snapshot away."""
    REVERT_EXTERNAL = 9, 9
    """Reverts to an external snapshot, and knows the branches that this leaves; its capabilities
    must say so too."""
    TAKE_FIRMWARE_WHILE_OFF = 9, 3
    """Takes an internal snapshot of a domain that is off and has UEFI variables, without them."""
    KEEP_FIRMWARE_INSIDE = 10, 9
    """Takes UEFI variables that are in qcow2 into an internal snapshot."""
    NAME_AGENT_ERRORS = 11, 2
    """Has an error of its own for an agent that refuses, and one for an agent that falls silent."""
    LOAD_BY_JOB = 10, 10
    """Looks for the parts inside the images before it loads the RAM from one."""


class Wrong(enum.Enum):
    """What plans refuse or warn of; :data:`LINES` says what each is."""

    KEEPS_MEMORY_FILES = enum.auto()
    MERGES_NEWEST_ALONE = enum.auto()
    MERGES_NONE_BY_OTHER_MEANS = enum.auto()
    TAKES_NOTHING = enum.auto()
    SPOILS_RECORDS = enum.auto()
    DELETES_UNMANAGED = enum.auto()
    FORGETS_WHAT_STAYS = enum.auto()
    NAMES_JOBS = enum.auto()
    GOES_DOWN_AT_BRANCHES = enum.auto()
    GOES_DOWN_AT_REVERTS = enum.auto()
    LEAVES_OUT_VARIABLES = enum.auto()
    REMOVES_BASES = enum.auto()
    LOCKS_RECORDS = enum.auto()
    OPENS_OVERLAYS = enum.auto()
    STARTS_NO_LONG_CHAIN = enum.auto()


@dataclass(frozen=True, slots=True)
class Line:
    """Which versions do something wrongly.

    Attributes:
        what: it is, in words.
        since, until: the first that does and the first that does not any more, by libvirt's NEWS;
            ``None`` where that says nothing.
        seen: by version, whether it does; measured.
        source: where else it is told.
    """

    what: str
    since: Minor | None = None
    until: Minor | None = None
    seen: Mapping[Minor, bool] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""


def _seen(*, does: tuple[Minor, ...], not_: tuple[Minor, ...]) -> Mapping[Minor, bool]:
    return MappingProxyType({**dict.fromkeys(does, True), **dict.fromkeys(not_, False)})


LINES: Mapping[Wrong, Line] = MappingProxyType(
    {
        Wrong.KEEPS_MEMORY_FILES: Line(
            "the RAM of a deleted snapshot stays in its file",
            until=(9, 1),
            source="NEWS 9.1.0",
        ),
        Wrong.MERGES_NEWEST_ALONE: Line(
            "of a domain that is off no more of a chain is known than its definition says",
            seen=_seen(does=((9, 0),), not_=((11, 3), (12, 8), (12, 9))),
        ),
        Wrong.MERGES_NONE_BY_OTHER_MEANS: Line(
            "a snapshot that left a disk to other means (manual) cannot be merged",
            seen=_seen(does=((9, 0),), not_=((11, 3), (12, 8), (12, 9))),
        ),
        Wrong.TAKES_NOTHING: Line(
            "of a domain that is off and excludes all disks (manual) a snapshot without data is"
            " taken",
            seen=_seen(does=((12, 8), (12, 9)), not_=((9, 0), (11, 3))),
        ),
        Wrong.SPOILS_RECORDS: Line(
            "a delete of metadata changes the records below as if data were merged",
            seen=_seen(does=((9, 0), (10, 0)), not_=((11, 3), (12, 0), (12, 8), (12, 9))),
        ),
        Wrong.DELETES_UNMANAGED: Line(
            "while the guest runs, a new snapshot takes the place of an unmanaged one of its name",
            until=(10, 9),
            source="NEWS 10.9.0 (savevm of QEMU's monitor; jobs refuse it)",
        ),
        Wrong.FORGETS_WHAT_STAYS: Line(
            "while the guest runs, the record of a snapshot goes though its data cannot be deleted",
            until=(10, 9),
            source="NEWS 10.9.0 (delvm of QEMU's monitor; jobs fail)",
        ),
        Wrong.NAMES_JOBS: Line(
            "while the guest runs, some characters cannot be in the name of an internal snapshot",
            since=(10, 9),
            source="NEWS 10.9.0 (it is part of a job's ID)",
        ),
        Wrong.GOES_DOWN_AT_BRANCHES: Line(
            "some merges beside branches are refused: they bring the daemon down",
            since=(9, 9),
            seen=_seen(does=((11, 3), (12, 0)), not_=((12, 8), (12, 9))),
        ),
        Wrong.GOES_DOWN_AT_REVERTS: Line(
            "reverts to internal snapshots after which a guest runs are refused: they bring QEMU or"
            " the daemon down",
            since=(9, 9),
            until=(9, 10),
            source="NEWS 9.10.0; cockpit-project's bots, issue 5494",
        ),
        Wrong.LEAVES_OUT_VARIABLES: Line(
            "UEFI variables in qcow2 are taken into an internal snapshot, and left out when it is"
            " reverted to, or deleted while the domain is off",
            since=(10, 9),
            until=(10, 10),
            source="NEWS 10.10.0",
        ),
        Wrong.REMOVES_BASES: Line(
            "after a revert to an internal snapshot, the delete of an external one below it removes"
            " the images that the domain writes to, with success",
            since=(9, 9),
            until=(11, 0),
            source="NEWS 11.0.0; libvirt's issue 734",
        ),
        Wrong.LOCKS_RECORDS: Line(
            "of a domain that is off and has checkpoints no record is changed and none made"
            " (later ones make no external one alone)",
            seen=_seen(does=((9, 0),), not_=((11, 3), (12, 8), (12, 9))),
        ),
        Wrong.OPENS_OVERLAYS: Line(
            "overlays of a domain that is off are readable for everybody",
            until=(11, 10),
            source="NEWS 11.10.0; CVE-2025-13193",
        ),
        Wrong.STARTS_NO_LONG_CHAIN: Line(
            "a guest with more than some 25 external snapshots does not start any more",
            since=(10, 8),
            until=(12, 0),
            source="NEWS 12.0.0 (json-c's depth); 30 on 11.3, not on 12.8",
        ),
    }
)
_NO_RAM_INSIDE: tuple[Version, Version] = ((11, 2, 0), (11, 4, 0))
"""Upstream's cannot revert to RAM inside an image, Debian's 11.3 can (NEWS 11.4.0; measured)."""


def tried(host: Host) -> bool:
    """Whether the plans are proven on this libvirt; another driver than QEMU's changes nothing."""
    return host.driver != "QEMU" or _minor(host.libvirt) in TRIED


def can(host: Host, what: Can) -> bool:
    """Whether this libvirt can be asked for something.

    A revert to an external snapshot is asked only of versions that were tried, or that come after
    one which can.
    """
    own = _minor(host.libvirt)
    if what is not Can.REVERT_EXTERNAL:
        return bool(own >= what.value)
    last = max((version for version in TRIED if version <= own), default=own)
    return keeps_branches(host) and bool(last >= what.value)


def keeps_branches(host: Host) -> bool:
    """Whether this libvirt keeps records as those do that revert to external snapshots."""
    return host.reverts_external and _minor(host.libvirt) >= Can.REVERT_EXTERNAL.value


def tells_reverts(libvirt: Version) -> bool:
    """Whether the capabilities of this version can say that it reverts to external snapshots."""
    return _minor(libvirt) >= Can.REVERT_EXTERNAL.value


def does(host: Host, what: Wrong) -> bool:
    """Whether this libvirt does something wrongly, or has to be taken to."""
    return _known(_minor(host.libvirt), LINES[what])[0]


def by_whom(host: Host, what: Wrong) -> str:
    """Of which version it is known whether it does something wrongly, in words.

    ``11.3``; ``9.0 (10.2 was not tried)`` where it is only assumed of the host's own.
    """
    own = _minor(host.libvirt)
    of = _known(own, LINES[what])[1]
    return shown(of) if of == own else f"{shown(of)} ({shown(own)} was not tried)"


def proven(host: Host) -> str:
    """The version of which it is known what the plans say without a line above, in words."""
    return name(host) if tried(host) else f"{proven_on(host)} ({name(host)} was not tried)"


def proven_on(host: Host) -> str:
    """The newest version up to the host's that the plans are proven on, or the oldest."""
    return shown(max((one for one in TRIED if one <= _minor(host.libvirt)), default=min(TRIED)))


def _known(own: Minor, line: Line) -> tuple[bool, Minor]:
    """Whether a version does it, and of which version that is known."""
    if (line.until is not None and own >= line.until) or (
        line.since is not None and own < line.since
    ):
        return False, own
    if own in line.seen:
        return line.seen[own], own
    if not line.seen:
        return True, own
    before = max((one for one in line.seen if one < own), default=None)
    after = min((one for one in line.seen if one > own), default=None)
    near = [one for one in (before, after) if one is not None]
    wrong = [one for one in near if line.seen[one]]
    return bool(wrong), (wrong or near)[0]


def may_fail_with_ram_inside(host: Host) -> bool:
    """Whether a revert to RAM inside an image depends on who built this version."""
    return _NO_RAM_INSIDE[0] <= host.libvirt < _NO_RAM_INSIDE[1]


def may_not_load_ram_files(host: Host) -> bool:
    """Whether RAM in a file is loaded depends on who built this libvirt: its QEMU is too new."""
    new = host.hypervisor is not None and _minor(host.hypervisor) >= _NO_RAM_FILES
    return new and _minor(host.libvirt) < _LOADS_RAM_FILES


def calls_threads_extra(host: Host) -> bool:
    """Whether RAM of a guest with threads, saved by an older QEMU, may be refused.

    QEMU says since 10.0 that such a CPU has ``ht``, which libvirt before 11.10 calls an extra
    feature (NEWS 11.10.0; measured with 11.3 and a snapshot of QEMU 7.2).
    """
    new = host.hypervisor is not None and _minor(host.hypervisor) >= _SAYS_HT
    return new and _minor(host.libvirt) < _KNOWS_HT


def fills_raw(host: Host) -> bool:
    """Whether QEMU merges zeros into a raw image as data.

    QEMU 7.2 makes holes there, 10.0 does not (measured); between them it was not tried.
    """
    return host.hypervisor is None or _minor(host.hypervisor) > _HOLES


def measured(host: Host) -> str:
    """Whether the plans are proven on this libvirt, in words."""
    if tried(host):
        return "the plans are proven on this version"
    return f"not tried; what is not in its NEWS is taken to be as on {proven_on(host)}"


def name(host: Host) -> str:
    """Its version as people call it: ``11.3``."""
    return shown(_minor(host.libvirt))


def no_external_revert(host: Host) -> str:
    """Why it is not asked for a revert to an external snapshot, in words."""
    how = "was not tried for a" if host.reverts_external else "has no"
    return f"libvirt {name(host)} {how} revert to external snapshots"


def _minor(version: Version) -> Minor:
    return version[:2]


def shown(version: Version | Minor) -> str:
    """``9.0.0`` or ``9.0``."""
    return ".".join(map(str, version))
