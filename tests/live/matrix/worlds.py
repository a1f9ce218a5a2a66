"""The kinds of domain and snapshot that the table has."""

from __future__ import annotations

import enum
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import libvirt

from snaptui.model import hold_mark
from tests.lab import qemu_img
from tests.live.matrix.guest import (
    BOTH,
    CRASHED,
    OFF,
    PAUSED,
    RUNNING,
    SUSPENDED,
    Drive,
    Guest,
    Kind,
)

STATES = (OFF, RUNNING, PAUSED)


@dataclass(frozen=True)
class World:
    """A kind of domain, with the snapshot that it is about.

    Attributes:
        build: makes it; it is brought into its state afterwards.
        target: that snapshot; empty where there is none.
        states: of the guest, when it is asked.
        below: there are snapshots below the target.
        tags: what decides which questions make sense.
        restarts: the daemon has to.
        since: the first libvirt that can make it.
    """

    words: str
    build: Callable[[Guest], object]
    target: str = ""
    states: tuple[str, ...] = STATES
    below: bool = False
    tags: frozenset[str] = frozenset()
    restarts: bool = False
    since: tuple[int, int] = (0, 0)


def worlds() -> tuple[World, ...]:
    """All of them."""
    from tests.live.matrix.chance import by_chance

    return (
        *_without(),
        *_single(),
        *_pairs(),
        *_trees(),
        *_branches(),
        *_damaged(),
        *_broken(),
        *_disks(),
        *_states(),
        *_backups(),
        *_left_over(),
        *by_chance(),
    )


class How(enum.Enum):
    """What makes a branch."""

    EXTERNAL = enum.auto()
    OF_VDA = enum.auto()
    REVERT = enum.auto()
    FORGET = enum.auto()


def _built(*steps: tuple[str, Kind, str]) -> Callable[[Guest], None]:
    """Bring it into a state and take a snapshot of a kind under a name, again and again."""

    def build(guest: Guest) -> None:
        guest.define()
        for state, kind, name in steps:
            guest.go(state)
            guest.take(kind, name)

    return build


def _without() -> Iterable[World]:
    yield World("no snapshot", Guest.define, tags=frozenset({"bare"}))


def _single() -> Iterable[World]:
    for kind, state in product(Kind, STATES):
        if kind is not Kind.WITH_RAM or state != OFF:
            words = f"{kind}, taken {state}"
            yield World(words, _built((state, kind, "a")), "a", tags=frozenset({"single"}))
    yield World("external, of one disk of two", _one_disk(OFF), "a")
    yield World("external, of one disk of two, taken running", _one_disk(RUNNING), "a")
    for state in (OFF, RUNNING):
        words = f"external of one disk, the other by other means, taken {state}"
        tags = frozenset({"manual"})
        yield World(words, _by_other_means(state), "a", (OFF, RUNNING), tags=tags)


def _one_disk(state: str) -> Callable[[Guest], None]:
    def build(guest: Guest) -> None:
        guest.define()
        guest.go(state)
        guest.external("a", ["vda"])

    return build


def _by_other_means(state: str) -> Callable[[Guest], None]:
    def build(guest: Guest) -> None:
        guest.define()
        guest.go(state)
        guest.manual("a")

    return build


def _pairs() -> Iterable[World]:
    for (first, second), state in product(product(Kind, Kind), (OFF, RUNNING)):
        if state == OFF and Kind.WITH_RAM in (first, second):
            continue
        build = _built((state, first, "a"), (state, second, "b"))
        words = f"{first}, above it {second}, taken {state}"
        for target in ("a", "b"):
            below = target == "a"
            yield World(f"{words}: {target}", build, target, (OFF, RUNNING), below)
    build = _built((OFF, Kind.EXTERNAL, "a"), (RUNNING, Kind.EXTERNAL, "b"))
    words = "external, taken shut off, above it external, taken running: a"
    yield World(words, build, "a", (OFF, RUNNING), below=True)


def _trees() -> Iterable[World]:
    def fork(guest: Guest) -> None:
        guest.define()
        for name in ("a", "b"):
            guest.internal(name)
        guest.revert("a")
        for name in ("x", "y"):
            guest.internal(name)

    for target, below in (("a", True), ("b", False), ("x", True), ("y", False)):
        yield World(f"a fork a -> b, x -> y: {target}", fork, target, (OFF, RUNNING), below)
    mixed = (
        (RUNNING, Kind.INTERNAL, "a"),
        (RUNNING, Kind.INTERNAL, "b"),
        (RUNNING, Kind.EXTERNAL, "c"),
    )
    words = "two internal, above them external, taken running: a"
    yield World(words, _built(*mixed), "a", (OFF, RUNNING), True)
    for state in (OFF, RUNNING):
        chain = _built(*((state, Kind.EXTERNAL, name) for name in "abc"))
        for target in "abc":
            words = f"three external, taken {state}: {target}"
            yield World(words, chain, target, STATES, target != "c")


def _branches() -> Iterable[World]:
    """What reverts to external snapshots leave."""

    def made(state: str, *what: tuple[How, str]) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            for how, name in what:
                if how is How.REVERT:
                    guest.revert(name)
                elif how is How.FORGET:
                    guest.forget(name)
                else:
                    guest.go(state)
                    guest.external(name, ["vda"] if how is How.OF_VDA else [])

        return build

    a, b, c = ((How.EXTERNAL, name) for name in "abc")
    back = (How.REVERT, "a")
    trees: dict[str, tuple[tuple[tuple[How, str], ...], dict[str, bool]]] = {
        "a -> b, back at a": ((a, b, back), {"a": True, "b": False}),
        "a -> b, a -> c": ((a, b, back, c), {"a": True, "b": False, "c": False}),
        "a -> b -> c, back at a": ((a, b, c, back), {"a": True, "b": True, "c": False}),
        "s -> a -> b, a -> c": (
            ((How.EXTERNAL, "s"), a, b, back, c),
            {"s": True, "a": True, "b": False, "c": False},
        ),
        "a -> b, back at a, which is forgotten": ((a, b, back, (How.FORGET, "a")), {"b": False}),
        "a -> b -> c, back at a, which is forgotten": (
            (a, b, c, back, (How.FORGET, "a")),
            {"b": True, "c": False},
        ),
        "a -> b of vda -> c, b -> d": (
            (a, (How.OF_VDA, "b"), c, (How.REVERT, "b"), (How.EXTERNAL, "d")),
            {"b": True, "c": False, "d": False},
        ),
        "a -> b, b forgotten": ((a, b, (How.FORGET, "b")), {"a": False}),
    }
    for words, (steps, targets) in trees.items():
        for state in (OFF, RUNNING):
            for target, below in targets.items():
                yield World(
                    f"external {words}, taken {state}: {target}",
                    made(state, *steps),
                    target,
                    (OFF, RUNNING),
                    below,
                    tags=frozenset({"branches"}),
                    since=(9, 9),
                )

    def mixed(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.external("b")
        guest.revert("a")
        guest.spoiled.add("b")

    def without_ram(guest: Guest) -> None:
        guest.define()
        guest.go(RUNNING)
        guest.external("a", memory=True)
        (guest.directory / "a.mem").unlink()

    def beneath_ram(guest: Guest) -> None:
        guest.define()
        guest.external("b")
        guest.go(RUNNING)
        guest.external("a", memory=True)
        guest.go(OFF)
        (guest.directory / "vda.qcow2").unlink()
        guest.give_up("vda")

    words = "external with RAM, whose file is gone"
    yield World(words, without_ram, "a", (OFF, RUNNING), since=(9, 9))
    words = "external with RAM, an image beneath is gone"
    yield World(words, beneath_ram, "a", (OFF,), since=(9, 9))
    yield World("internal a -> external b, back at a: b", mixed, "b", (OFF, RUNNING))


def _damaged() -> Iterable[World]:
    def hollow(*targets: str, state: str = OFF) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            guest.go(state)
            guest.internal("a")
            guest.go(OFF)
            guest.drop("a", *targets)
            for target in targets:
                del guest.held["a"][target]

        return build

    damaged = frozenset({"damaged"})
    yield World("hollow on one disk", hollow("vdb"), "a", tags=damaged)
    yield World("hollow on the first disk", hollow("vda"), "a", tags=damaged)
    yield World("hollow on both disks", hollow("vda", "vdb"), "a", tags=damaged)
    yield World("hollow, had RAM", hollow("vda", "vdb", state=RUNNING), "a", tags=damaged)

    def twins(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.make_unmanaged("a")

    yield World("a twin in the image", twins, "a", tags=damaged)

    def older_twin(guest: Guest) -> None:
        guest.define()
        guest.make_unmanaged("a")
        guest.internal("a")
        del guest.held["a"]  # nothing but its ID tells it from the other

    yield World("an older twin in the image", older_twin, "a", tags=damaged)

    def numeric(guest: Guest) -> None:
        guest.define()
        for name in ("2", "b"):
            guest.internal(name)

    yield World("called 2, which is the ID of b", numeric, "2", tags=damaged)

    def older_name(guest: Guest) -> None:
        guest.define()
        guest.go(RUNNING)
        guest.internal("two-words")
        guest.go(OFF)
        guest.rename_inside("two-words", "two words")

    yield World("a name with a space, had RAM", older_name, "two words", tags=damaged)

    def unmanaged(*targets: str, state: str = OFF) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            guest.go(state)
            if state == OFF:
                guest.make_unmanaged("s", *targets)
                return
            guest.internal("s")
            guest.unmanaged["s"] = guest.held.pop("s")
            guest.domain.snapshotLookupByName("s").delete(
                libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY
            )

        return build

    tag = frozenset({"unmanaged"})
    yield World("an unmanaged one", unmanaged(), tags=tag)
    yield World("an unmanaged one on one disk of two", unmanaged("vda"), tags=tag)
    yield World("an unmanaged one with RAM", unmanaged(state=RUNNING), tags=tag)

    def beside_transient(guest: Guest) -> None:
        guest.define((Drive("vda"), Drive("vdb", more="<transient/>")))
        guest.make_unmanaged("s", "vda")
        guest.unmanaged["s"].pop("vdb")

    yield World("an unmanaged one beside a transient disk", beside_transient, tags=tag)

    def unfinished(guest: Guest) -> None:
        guest.define()
        guest.external("a")
        guest.redefine("a", "<source file", "<snapshotDeleteInProgress/><source file")
        guest.merge_in_part("a")

    yield World("an unfinished delete", unfinished, "a", tags=damaged)

    def held(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        mark = hold_mark.marked("", hold_mark.new_hold("root@kvm7", 1795143300))
        guest.redefine("a", "<state>", f"<description>{mark}</description><state>")

    yield World("held", held, "a", (OFF, RUNNING), tags=frozenset({"held"}))

    def no_overlay(guest: Guest) -> None:
        guest.define()
        guest.external("a")
        guest.domain.snapshotLookupByName("a").delete(
            libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY
        )

    yield World("an overlay without its snapshot", no_overlay)

    def lent(guest: Guest) -> None:
        guest.define()
        guest.external("a")
        guest.lend(f"{guest.directory}/vda.a")

    yield World("another image lies upon the overlay", lent, "a")

    def cloned(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.lend(f"{guest.directory}/vda.qcow2")

    yield World("a linked clone lies upon its image", cloned, "a", (OFF, RUNNING))

    def encrypted(guest: Guest) -> None:
        guest.define()
        guest.encrypt("vda")

    yield World("an encrypted image", encrypted, states=(OFF,))

    def lost(guest: Guest) -> None:
        """libvirt forgets that a disk is encrypted when it gives it an overlay while it is off."""
        guest.define()
        guest.encrypt("vda")
        guest.external("p", ["vda"])
        guest.make_unmanaged("s", "vdb")

    words = "an unmanaged one beside a disk that lost its encryption"
    yield World(words, lost, states=(OFF,), tags=tag)

    def cut(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.edits.append(("a", "<domain ", "</domain>"))

    yield World("a record without the domain", cut, "a", tags=damaged, restarts=True)

    def in_the_way(guest: Guest) -> None:
        guest.define()
        (guest.directory / "vda.new.mem").write_bytes(b"the RAM of another")

    yield World("a file where the RAM would go", in_the_way)


def _alone(state: str, kind: Kind) -> Callable[[Guest], None]:
    """An overlay was made to hold all of its disk, and lies upon nothing any more."""

    def build(guest: Guest) -> None:
        guest.define()
        guest.go(state)
        guest.take(kind, "a")
        guest.go(OFF)
        qemu_img("rebase", "-f", "qcow2", "-b", "", str(guest.directory / "vdb.a"))

    return build


def _broken() -> Iterable[World]:
    """Images that something happened to behind libvirt's back, while the guest was off."""

    def broken(kind: Kind, happen: Callable[[Guest, Path], object]) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            guest.take(kind, "a")
            happen(guest, guest.directory / ("vdb.qcow2" if kind is Kind.INTERNAL else "vdb.a"))

        return build

    def gone(guest: Guest, path: Path) -> None:
        path.unlink()
        guest.give_up("vdb")

    def base_gone(guest: Guest, _: Path) -> None:
        gone(guest, guest.directory / "vdb.qcow2")

    def spoiled(offset: int, data: bytes, *, length: int | None = None) -> Callable[..., None]:
        def spoil(guest: Guest, path: Path) -> None:
            with path.open("r+b") as f:
                f.seek(offset)
                f.write(data)
                if length is not None:
                    f.truncate(length)
            guest.give_up("vdb")

        return spoil

    def table(guest: Guest, path: Path) -> None:
        with path.open("r+b") as f:
            f.seek(64)  # where the head says where the table is (docs/interop/qcow2.txt, Header)
            f.seek(int.from_bytes(f.read(8), "big"))
            f.write(b"\xff" * 64)
        guest.give_up("vdb")

    def gone_upon(guest: Guest) -> None:
        guest.define()
        guest.internal("p")
        guest.external("a")
        gone(guest, guest.directory / "vdb.a")

    def transient_gone(name: str) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define((Drive("vda"), Drive("vdb", more="<transient/>")))
            guest.external("a")
            gone(guest, guest.directory / name)

        return build

    def removed(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.go(RUNNING)
        gone(guest, guest.directory / "vdb.qcow2")

    for state in (OFF, RUNNING):
        words = f"an overlay that stands alone, taken {state}"
        yield World(words, _alone(state, Kind.EXTERNAL), "a", (OFF, RUNNING))
    yield World("an image is gone under its guest", removed, "a", (RUNNING,))
    tags = frozenset({"damaged", "broken"})
    yield World("an overlay is gone, an internal one beneath", gone_upon, "a", (OFF,), tags=tags)
    for words, name in (("an overlay", "vdb.a"), ("an image beneath", "vdb.qcow2")):
        build = transient_gone(name)
        yield World(f"{words} of a transient disk is gone", build, "a", (OFF,), tags=tags)
    for kind in (Kind.INTERNAL, Kind.EXTERNAL):
        for words, happen in (
            ("an image is gone", gone),
            ("an image is cut short", spoiled(0, b"", length=100_000)),
            ("an image without a head", spoiled(0, bytes(1024))),
            ("an image that is marked corrupt", spoiled(79, b"\x02")),
            ("an image that was not closed", spoiled(79, b"\x01")),
            ("an image that another QEMU has open", Guest.hold_open),
            *((("a table of nonsense", table),) if kind is Kind.INTERNAL else ()),
            *((("an image beneath is gone", base_gone),) if kind is Kind.EXTERNAL else ()),
        ):
            tags = frozenset({"damaged", "broken"})
            yield World(f"{words}; {kind}", broken(kind, happen), "a", (OFF,), tags=tags)


def _disks() -> Iterable[World]:
    firmware = "<loader readonly='yes' type='pflash'>{0}/code</loader><nvram>{0}/vars</nvram>"
    device = (
        "<hostdev mode='subsystem' type='pci' managed='no'>"
        "<source><address domain='0' bus='0' slot='31' function='7'/></source></hostdev>"
    )

    def with_drive(drive: Drive) -> Callable[[Guest], None]:
        return lambda guest: guest.define((Drive("vda"), drive))

    def with_firmware(guest: Guest) -> None:
        for name in ("code", "vars"):
            (guest.directory / name).write_bytes(bytes(1 << 16))
        acpi = "<features><acpi/></features>"
        guest.define(loader=firmware.format(guest.directory), features=acpi)

    def with_variables(guest: Guest) -> None:
        (guest.directory / "code").write_bytes(bytes(1 << 16))
        acpi = "<features><acpi/></features>"
        loader = firmware.replace("<nvram>", "<nvram format='qcow2'>").format(guest.directory)
        guest.define(loader=loader, features=acpi, variables=True)

    def with_snapshot(state: str) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            with_variables(guest)
            guest.go(state)
            guest.internal("a")
            guest.go(OFF)
            guest.write()

        return build

    def with_device(guest: Guest) -> None:
        guest.define(devices=device)

    off_only = (OFF,)
    cd: dict[str, Any] = {"device": "cdrom", "bus": "ide"}
    for words, drive, states in (
        ("a raw disk", Drive("vdb", "raw"), STATES),
        ("a read-only disk", Drive("vdb", more="<readonly/>"), STATES),
        ("an empty cdrom", Drive("hda", "", more="<readonly/>", **cd), STATES),
        ("a cdrom with a medium", Drive("hda", "raw", more="<readonly/>", **cd), STATES),
        ("a shareable raw disk", Drive("vdb", "raw", more="<shareable/>"), STATES),
        ("a block device", Drive("vdb", "qcow2", "block"), STATES),
        ("a raw block device", Drive("vdb", "raw", "block"), STATES),
        ("a network disk", Drive("vdb", "raw", "network"), off_only),
        ("a disk with its data in another file", Drive("vdb", outside=True), STATES),
        ("a volume of a pool", Drive("vdb", "qcow2", "volume"), STATES),
        ("a raw volume of a pool", Drive("vdb", "raw", "volume"), STATES),
        ('a disk set to snapshot="no"', Drive("vdb", snapshot="no"), STATES),
        ('a disk set to snapshot="internal"', Drive("vdb", snapshot="internal"), STATES),
        ('a disk set to snapshot="external"', Drive("vdb", snapshot="external"), STATES),
        ('a raw disk set to snapshot="no"', Drive("vdb", "raw", snapshot="no"), STATES),
    ):
        tags = frozenset({drive.kind})
        yield World(words, with_drive(drive), states=states, tags=tags)
        if drive.kind != "network":
            yield World(f"{words}; external", _then_external(drive), "a", states)
        if drive.kind == "volume":
            taken = _then_external(drive, state=RUNNING)
            yield World(f"{words}; external, taken running", taken, "a", states)
        if drive.kind == "file" and "readonly" in drive.more:
            back = _then_external(drive, reverted=True)
            two = (OFF, RUNNING)
            yield World(f"{words}; external, back at it", back, "a", two, since=(9, 9))
        inside = drive.kind in ("file", "volume") and "raw" not in drive.format
        if inside and not drive.snapshot and not drive.outside:
            yield World(f"{words}; internal", _then_internal(drive), "a", states)
    yield World("raw disks alone", lambda g: g.define((Drive("vda", "raw"),)))
    yield World("no disk", lambda guest: guest.define(()))

    def ram_alone(guest: Guest) -> None:
        guest.define((Drive("vda", more="<readonly/>"),))
        guest.go(RUNNING)
        guest.external("a", memory=True)

    yield World("a snapshot of RAM alone", ram_alone, "a", (OFF, RUNNING))
    excluded = Drive("vda", snapshot="manual")
    yield World("all disks excluded", lambda g: g.define((excluded,)), states=(OFF, RUNNING))

    def without_data(guest: Guest) -> None:
        guest.define((excluded,))
        guest.internal("a")
        guest.spoiled.add("a")

    words = "all disks excluded; without data"
    yield World(words, without_data, "a", off_only, tags=frozenset({"empty"}), since=(12, 8))

    def above_without(guest: Guest) -> None:
        guest.define((excluded,))
        guest.external("a")
        guest.internal("b")
        guest.spoiled.add("b")
        guest.external("c")

    words = "all disks excluded; without data between external ones"
    for name in "ac":
        yield World(f"{words}: {name}", above_without, name, off_only, since=(12, 8))
    yield World(
        "a cdrom alone", lambda g: g.define((Drive("hda", "raw", more="<readonly/>", **cd),))
    )
    yield World("UEFI variables in a pflash", with_firmware, states=off_only)

    def beside_firmware(guest: Guest) -> None:
        with_firmware(guest)
        guest.make_unmanaged("s", "vda", "vdb")

    tags = frozenset({"unmanaged"})
    yield World("an unmanaged one beside UEFI variables", beside_firmware, tags=tags)
    words = "UEFI variables in qcow2"
    yield World(words, with_variables, states=(OFF, RUNNING), since=(10, 9))
    for state in (OFF, RUNNING):
        build = with_snapshot(state)
        yield World(f"{words}; internal, taken {state}", build, "a", (OFF, RUNNING), since=(10, 9))
    yield World("a host device", with_device, states=off_only)


def _then_external(
    drive: Drive, *, reverted: bool = False, state: str = OFF
) -> Callable[[Guest], None]:
    def build(guest: Guest) -> None:
        guest.define((Drive("vda"), drive))
        guest.go(state)
        targets = ["vda"] if drive.snapshot or drive.kind == "block" else ["vda", drive.target]
        if "shareable" in drive.more:
            targets = ["vda"]
        guest.external("a", targets)
        if reverted:
            guest.revert("a")

    return build


def _then_internal(drive: Drive) -> Callable[[Guest], None]:
    def build(guest: Guest) -> None:
        guest.define((Drive("vda"), drive))
        guest.internal("a")

    return build


def _states() -> Iterable[World]:
    def saved(kind: Kind | None, state: str) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            if kind:
                guest.go(state)
                guest.take(kind, "a")
            guest.go(RUNNING)
            guest.domain.managedSave()

        return build

    off_only = (OFF,)
    tag = frozenset({"managed save"})
    yield World("a managed save", saved(None, OFF), states=off_only, tags=tag)
    for kind, state in ((Kind.INTERNAL, OFF), (Kind.INTERNAL, RUNNING), (Kind.EXTERNAL, OFF)):
        words = f"a managed save; {kind}, taken {state}"
        yield World(words, saved(kind, state), "a", off_only, tags=tag)

    def transient(guest: Guest) -> None:
        guest.define(transient=True)
        guest.internal("a")

    alive = (RUNNING, PAUSED)
    yield World("a transient domain", lambda g: g.define(transient=True), states=alive)
    gone = frozenset({"transient"})
    yield World("a transient domain; internal", transient, "a", alive, tags=gone)

    def busy(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.go(RUNNING)
        _hold_with_a_job(guest)

    acpi = "<features><acpi/></features>"
    boots = "<readonly/><boot order='1'/>"
    # mov dx, 0x505; mov al, 1; out dx, al (docs/specs/pvpanic.txt of QEMU)
    panic = b"\xba\x05\x05\xb0\x01\xee"
    # mov dx, 0x604; mov ax, S3 | SLP_EN; out dx, ax (PM1a_CNT of ACPI)
    sleep = b"\xba\x04\x06\xb8\x00\x24\xef"

    def stopped(code: bytes, state: str, kind: Kind | None = None) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            drives = (*BOTH, Drive("vdc", "raw", more=boots))
            guest.define(drives, features=acpi, devices="<panic model='isa'/>")
            if kind:
                guest.take(kind, "a")
            guest.run_until(code, state)

        return build

    for state, code in ((CRASHED, panic), (SUSPENDED, sleep)):
        yield World(f"a guest that {state}", stopped(code, state), states=(state,))
        for kind in (Kind.INTERNAL, Kind.EXTERNAL):
            words = f"a guest that {state}; {kind}"
            yield World(words, stopped(code, state, kind), "a", (state,))
    yield World("another job under way", busy, "a", (RUNNING,), tags=frozenset({"busy"}))

    def hung(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.go(RUNNING)
        _freeze(guest)

    yield World("QEMU hangs", hung, "a", (RUNNING,), tags=frozenset({"hung"}))


def _backups() -> Iterable[World]:
    """What tools for backups leave: checkpoints of libvirt, and bitmaps inside the images."""

    def checkpointed(
        kind: Kind | None, taken: str, *, first: bool = False
    ) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            if first:
                guest.go(RUNNING)
                guest.checkpoint("c0")
            if kind:
                guest.go(taken)
                guest.take(kind, "a")
            guest.go(RUNNING)
            if not first:
                guest.checkpoint("c0")

        return build

    def marked(kind: Kind | None, taken: str) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            if kind:
                guest.go(taken)
                guest.take(kind, "a")
                guest.go(OFF)
            guest.bitmap("vdb", "b0")

        return build

    tag = frozenset({"backup"})
    for name, make in (("a checkpoint", checkpointed), ("a bitmap of nobody", marked)):
        yield World(name, make(None, OFF), tags=tag)
        for kind, taken in product(Kind, (OFF, RUNNING)):
            if kind is not Kind.WITH_RAM or taken != OFF:
                yield World(f"{name}; {kind}, taken {taken}", make(kind, taken), "a", tags=tag)
    older = checkpointed(Kind.INTERNAL, RUNNING, first=True)

    def lost(guest: Guest) -> None:
        older(guest)
        guest.lose_checkpoints()

    def under_way(kind: Kind) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            guest.take(kind, "a")
            guest.go(RUNNING)
            guest.back_up()

        return build

    words = "a checkpoint whose bitmap is lost; internal, taken running"
    yield World(words, lost, "a", (OFF, RUNNING))
    for kind in (Kind.INTERNAL, Kind.EXTERNAL):
        words = f"a backup under way; {kind}"
        yield World(words, under_way(kind), "a", (RUNNING,), tags=frozenset({"ended"}))
    yield World("an older checkpoint; internal, taken running", older, "a", tags=tag)


def _freeze(guest: Guest) -> None:
    pid = guest.lab.qemu(guest.name)
    os.kill(pid, signal.SIGSTOP)

    def resume() -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    guest.at_the_end(resume)


def _hold_with_a_job(guest: Guest) -> None:
    """Let another client wait for a snapshot that does not come."""
    other = libvirt.open(guest.lab.uri)
    domain = other.lookupByName(guest.name)
    xml = "<domainsnapshot><name>under-way</name></domainsnapshot>"

    def create() -> None:
        with suppress(libvirt.libvirtError):
            domain.snapshotCreateXML(xml, 0)

    thread = threading.Thread(target=create)
    guest.at_the_end(other.close)
    guest.at_the_end(thread.join)
    _freeze(guest)
    thread.start()
    while guest.domain.controlInfo(0)[0] != libvirt.VIR_DOMAIN_CONTROL_JOB:
        pass


def _left_over() -> Iterable[World]:
    """What a backup that died left: overlays that no snapshot names; and images that were moved."""

    def overlays(kind: Kind | None, *, lent: bool = False) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            if kind:
                guest.take(kind, "a")
            guest.go(RUNNING)
            guest.unnamed("tmp1")
            guest.unnamed("tmp2")
            if lent:
                guest.lend(f"{guest.directory}/vda.tmp2")

        return build

    def moved(guest: Guest) -> None:
        guest.define()
        guest.internal("a")
        guest.move()

    def by_hand(guest: Guest) -> None:
        """Overlays of qemu-img, which the definition names alone: libvirt does not look beneath."""
        guest.define()
        guest.overlay("tmp1")
        guest.overlay("tmp2")

    def open_still(kind: Kind, *, beneath: bool = False) -> Callable[[Guest], None]:
        def build(guest: Guest) -> None:
            guest.define()
            if beneath:
                guest.overlay("over")
            guest.take(kind, "a")
            guest.go(RUNNING)
            guest.lose("vda", beneath=beneath)

        return build

    for kind in (Kind.INTERNAL, Kind.EXTERNAL):
        for words, beneath in (("an image", False), ("a base", True)):
            build = open_still(kind, beneath=beneath)
            tags = frozenset({"open"})
            yield World(f"{words} that is open and gone; {kind}", build, "a", (RUNNING,), tags=tags)
    left = frozenset({"left"})
    yield World("overlays that qemu-img made", by_hand, states=(OFF, RUNNING), tags=left)
    yield World("overlays of a backup", overlays(None), tags=left)
    yield World("overlays of a backup above an internal one", overlays(Kind.INTERNAL), tags=left)
    yield World("overlays of a backup above an external one", overlays(Kind.EXTERNAL), tags=left)
    lent = overlays(None, lent=True)
    yield World("overlays of a backup, another image upon them", lent, tags=left)

    def edited(guest: Guest) -> None:
        """Its definition names another image of the disk while the guest runs."""
        guest.define()
        guest.internal("a")
        guest.go(RUNNING)
        other = guest.directory / "other.qcow2"
        shutil.copy(guest.directory / "vdb.qcow2", other)
        xml = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        guest.connection.defineXML(xml.replace(str(guest.directory / "vdb.qcow2"), str(other)))

    def joined(guest: Guest) -> None:
        """A raw disk came after the snapshot: QEMU's delvm wants each to be able to hold one."""
        guest.define()
        guest.internal("a")
        raw = guest.directory / "later.raw"
        qemu_img("create", "-q", "-f", "raw", str(raw), "1M")
        disk = (
            f"<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
            f"<source file='{raw}'/><target dev='vdr' bus='virtio'/></disk>"
        )
        xml = guest.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        guest.connection.defineXML(xml.replace("<memballoon", f"{disk}<memballoon", 1))

    yield World("a raw disk that came later", joined, "a", (OFF, RUNNING))
    apart = (Drive("vda", snapshot="external"), Drive("vdb", snapshot="manual"))
    yield World("disks set apart, one to external", lambda g: g.define(apart), states=(OFF,))
    tag = frozenset({"edited"})
    yield World("a definition with another image than now", edited, "a", (RUNNING,), tags=tag)
    yield World("images that were moved", moved, "a", tags=frozenset({"moved"}))
