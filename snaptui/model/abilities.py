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

from snaptui.model import debian
from snaptui.model.host import Host, Version

Minor = tuple[int, int]
"""A version without its last number."""

TRIED: Mapping[Minor, Minor] = MappingProxyType(
    {(9, 0): (7, 2), (11, 3): (10, 0), (12, 8): (11, 1), (12, 9): (11, 1)}
)
"""The libvirts that the plans are proven on, whatever their last number is, each with its QEMU:
Debian 12's, 13's, and those of sid and of the backports of 13 in November 2026."""


class Can(enum.Enum):
    """What plans make use of.

    Attributes:
        since: the first version that can (libvirt's NEWS says so).
        words: what it is.
    """

    DELETE_EXTERNAL = (9, 0), "an external snapshot is merged away"
    REVERT_EXTERNAL = (
        (9, 9),
        "external snapshots are reverted to, and the branches that this leaves are known; the"
        " capabilities must say so too",
    )
    TAKE_FIRMWARE_WHILE_OFF = (
        (9, 3),
        "of a domain that is off and has UEFI variables an internal snapshot is taken, without"
        " them",
    )
    KEEP_FIRMWARE_INSIDE = (10, 9), "UEFI variables in qcow2 are taken into an internal snapshot"
    NAME_AGENT_ERRORS = (
        (11, 2),
        "an agent that refuses, and one that falls silent, have errors of their own",
    )
    PLACE_DATA_FILES = (
        (10, 10),
        "QEMU is told where the data file of an image is, and does not look where it is started",
    )
    LOAD_BY_JOB = (
        (10, 10),
        "the parts inside the images are looked for before the RAM is loaded from one",
    )

    def __init__(self, since: Minor, words: str) -> None:
        self.since = since
        self.words = words


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
    QUOTES_NO_NAMES = enum.auto()
    GOES_DOWN_AT_BRANCHES = enum.auto()
    GOES_DOWN_AT_REVERTS = enum.auto()
    GOES_DOWN_AT_MIXED = enum.auto()
    LEAVES_OUT_VARIABLES = enum.auto()
    REMOVES_BASES = enum.auto()
    LOCKS_RECORDS = enum.auto()
    REVERTS_TO_NO_DISKS_ALONE = enum.auto()
    OPENS_OVERLAYS = enum.auto()
    STARTS_NO_LONG_CHAIN = enum.auto()
    LOADS_NO_RAM_INSIDE = enum.auto()
    LOADS_NO_RAM_FILES = enum.auto()
    CALLS_THREADS_EXTRA = enum.auto()
    FILLS_RAW = enum.auto()
    DELETES_NO_RAM_ALONE = enum.auto()


@dataclass(frozen=True, slots=True)
class Line:
    """Which versions do something wrongly.

    Attributes:
        what: it is, in words.
        since, until: the first that does and the first that does not any more, by libvirt's NEWS;
            ``None`` where that says nothing.
        qemu: it takes a QEMU from this one on.
        seen: by version, whether it does; measured.
        seen_qemu: the same by QEMU's version, where that alone decides.
        source: where else it is told.
        patched: packages of Debian that do not, though their version would: the first of each
            version (their changelogs say so).
    """

    what: str
    since: Minor | None = None
    until: Minor | None = None
    qemu: Minor | None = None
    seen: Mapping[Minor, bool] = field(default_factory=lambda: MappingProxyType({}))
    seen_qemu: Mapping[Minor, bool] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""
    patched: tuple[str, ...] = ()


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
        Wrong.QUOTES_NO_NAMES: Line(
            'while the guest runs, nothing is done in the image for a name with " or \\, and that'
            " is a success",
            until=(10, 9),
            seen=_seen(does=((9, 0),), not_=()),
            source="NEWS 10.9.0 (savevm and delvm of QEMU's monitor, whose answer is no error)",
        ),
        Wrong.GOES_DOWN_AT_BRANCHES: Line(
            "refused: brings the daemon down",
            since=(9, 9),
            seen=_seen(does=((11, 3), (12, 0)), not_=((12, 8), (12, 9))),
        ),
        Wrong.GOES_DOWN_AT_REVERTS: Line(
            "refused: brings QEMU or the daemon down",
            since=(9, 9),
            until=(9, 10),
            source="NEWS 9.10.0; cockpit-project's bots, issue 5494",
        ),
        Wrong.GOES_DOWN_AT_MIXED: Line(
            "refused: brings the daemon down",
            since=(9, 9),
            seen=_seen(does=((11, 3), (12, 8), (12, 9)), not_=((9, 0),)),
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
        Wrong.REVERTS_TO_NO_DISKS_ALONE: Line(
            "no external snapshot of the disks alone of a running guest is reverted to, but those"
            " with RAM or of a guest that was off are",
            since=(9, 9),
            seen=_seen(does=((10, 0),), not_=((11, 3), (12, 8), (12, 9))),
            source="10.0 with QEMU 8.2: Invalid target domain state 'disk-snapshot'",
        ),
        Wrong.OPENS_OVERLAYS: Line(
            "overlays of a domain that is off are readable for everybody",
            until=(11, 10),
            source="NEWS 11.10.0; CVE-2025-13193",
            patched=("11.3.0-3+deb13u2",),
        ),
        Wrong.STARTS_NO_LONG_CHAIN: Line(
            "a guest with some 25 overlays upon each other does not start any more",
            since=(10, 8),
            until=(12, 0),
            source="NEWS 12.0.0 (json-c's depth); 25 and not 24 on 11.3, not 30 on 12.8",
        ),
        Wrong.LOADS_NO_RAM_INSIDE: Line(
            "no RAM inside an image is reverted to",
            since=(11, 2),
            until=(11, 4),
            source="NEWS 11.4.0",
            patched=("11.3.0-2",),
        ),
        Wrong.LOADS_NO_RAM_FILES: Line(
            "RAM in a file may not be loaded",
            until=(12, 1),
            qemu=(11, 0),
            source="NEWS 12.1.0",
        ),
        Wrong.CALLS_THREADS_EXTRA: Line(
            "RAM of a guest with threads may be refused that a QEMU before 10.0 saved: it said"
            " nothing of ht, which is called an extra feature",
            until=(11, 10),
            qemu=(10, 0),
            source="NEWS 11.10.0; 11.3 with RAM of QEMU 7.2",
        ),
        Wrong.DELETES_NO_RAM_ALONE: Line(
            "a snapshot of RAM in a file and of no disk is not deleted, for no reason that it says",
            seen=_seen(does=((9, 0),), not_=((11, 3), (12, 8), (12, 9))),
        ),
        Wrong.FILLS_RAW: Line(
            "zeros are merged into a raw image as data",
            seen_qemu=_seen(does=((10, 0),), not_=((7, 2),)),
        ),
    }
)


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
        return bool(own >= what.since)
    last = max((version for version in TRIED if version <= own), default=own)
    return keeps_branches(host) and bool(last >= what.since)


def keeps_branches(host: Host) -> bool:
    """Whether this libvirt keeps records as those do that revert to external snapshots."""
    return host.reverts_external and _minor(host.libvirt) >= Can.REVERT_EXTERNAL.since


def tells_reverts(libvirt: Version) -> bool:
    """Whether the capabilities of this version can say that it reverts to external snapshots."""
    return _minor(libvirt) >= Can.REVERT_EXTERNAL.since


def does(host: Host, what: Wrong) -> bool:
    """Whether this libvirt does something wrongly with its QEMU, or has to be taken to."""
    qemu, line = host.hypervisor, LINES[what]
    if any(debian.patched(host.build, shown(host.libvirt), one) for one in line.patched):
        return False
    if qemu is not None and line.seen_qemu:
        return _nearest(_minor(qemu), line.seen_qemu)[0]
    new = line.qemu is None or qemu is None or _minor(qemu) >= line.qemu
    return new and _known(_minor(host.libvirt), line)[0]


def differs_by_build(host: Host) -> bool:
    """Whether distributions have patched this version, so that its package decides."""
    version = shown(host.libvirt)
    patched = (one for line in LINES.values() for one in line.patched)
    return any(debian.patched(one, version, one) for one in patched)


def patched_since(what: Wrong) -> str:
    """The packages of Debian from which on it is not done, in words."""
    return ", ".join(LINES[what].patched)


def by_whom(host: Host, what: Wrong) -> str:
    """Of which version it is known whether it does something wrongly, in words.

    ``11.3``; ``9.0 (10.2 was not tried)`` where it is only assumed of the host's own. Of QEMU's
    version where that decides.
    """
    line, own = LINES[what], _minor(host.libvirt)
    if not line.seen_qemu:
        return _of(own, _known(own, line)[1])
    if host.hypervisor is None:
        return f"{shown(max(line.seen_qemu))} (the host's is not known)"
    own = _minor(host.hypervisor)
    return _of(own, _nearest(own, line.seen_qemu)[1])


def _of(own: Minor, known: Minor) -> str:
    return shown(known) if known == own else f"{shown(known)} ({shown(own)} was not tried)"


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
    return _nearest(own, line.seen) if line.seen else (True, own)


def _nearest(own: Minor, seen: Mapping[Minor, bool]) -> tuple[bool, Minor]:
    """The same of what was measured: of two neighbours that differ the stricter one counts."""
    if own in seen:
        return seen[own], own
    before = max((one for one in seen if one < own), default=None)
    after = min((one for one in seen if one > own), default=None)
    near = [one for one in (before, after) if one is not None]
    wrong = [one for one in near if seen[one]]
    return bool(wrong), (wrong or near)[0]


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
    if not host.reverts_external:
        return f"libvirt {name(host)} has no revert to external snapshots"
    first = shown(min(one for one in TRIED if one >= Can.REVERT_EXTERNAL.since))
    of = by_whom(host, Wrong.REVERTS_TO_NO_DISKS_ALONE)
    return (
        f"snaptui reverts to external ones from libvirt {first} on: {of} fails where they are of"
        " the disks alone of a running guest"
    )


def _minor(version: Version) -> Minor:
    return version[:2]


def shown(version: Version | Minor) -> str:
    """``9.0.0`` or ``9.0``."""
    return ".".join(map(str, version))
