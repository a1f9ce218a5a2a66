"""A throw-away domain that knows what its disks hold, and what each of its snapshots must."""

from __future__ import annotations

import enum
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import libvirt
import libvirt_qemu

from snaptui.backend.files.openers import qemu_at
from snaptui.backend.virt.domain_xml import parse_domain
from snaptui.backend.virt.snapshot_xml import parse_snapshot
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import SnapshotDisk
from tests.lab import MIB, Lab, encrypted_image, qemu_img


class State(enum.StrEnum):
    """What a guest does; the value is what the table calls it."""

    OFF = "shut off"
    RUNNING = "running"
    PAUSED = "paused"
    CRASHED = "crashed"
    SUSPENDED = "suspended"


OFF, RUNNING, PAUSED = State.OFF, State.RUNNING, State.PAUSED
CRASHED, SUSPENDED = State.CRASHED, State.SUSPENDED
SIZE = 4 * MIB

_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type>{loader}</os>
  {features}<on_crash>preserve</on_crash>
  <devices>{disks}{devices}<memballoon model='none'/></devices>
</domain>
"""


@dataclass(frozen=True)
class Drive:
    """A disk to be; without a medium where ``format`` is empty.

    Attributes:
        outside: its data are in another file than its tables.
    """

    target: str
    format: str = "qcow2"
    kind: str = "file"
    device: str = "disk"
    more: str = ""
    snapshot: str = ""
    bus: str = "virtio"
    outside: bool = False


VARIABLES = "UEFI variables"
BOTH = (Drive("vda"), Drive("vdb"))


class Kind(enum.StrEnum):
    """How a snapshot of all disks is taken; the value is what the table calls it."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    WITH_RAM = "external with RAM"


@dataclass(frozen=True)
class Lost:
    """A disk, or one of a snapshot, that does not hold what it must.

    Attributes:
        snapshot: empty for the disk as it is now.
    """

    target: str
    snapshot: str = ""

    def __str__(self) -> str:
        if self.snapshot:
            return f"{self.snapshot} holds other data of {self.target}"
        return f"{self.target} holds other data"


class Guest:
    """A domain of a lab, made with libvirt's calls and QEMU's tools alone.

    Attributes:
        now: by target, the byte of which the first MiB of each writable disk is made.
        held: the same by snapshot, as it was when that was taken.
        unmanaged: the same for what only the images know.
        written: by path of an image, the byte that its disk was when it was last written to.
        spoiled: snapshots that do not hold it any more.
        other: an image of nobody that lies upon one of its images, and its byte.
        edits: snapshots, and what is cut out of their records while the daemon is away.
    """

    def __init__(self, lab: Lab, connection: libvirt.virConnect, name: str) -> None:
        self.lab = lab
        self.connection = connection
        self.name = name
        self.directory = lab.images / name
        self.directory.mkdir()
        self.now: dict[str, int] = {}
        self.held: dict[str, dict[str, int]] = {}
        self.unmanaged: dict[str, dict[str, int]] = {}
        self.written: dict[str, int] = {}
        self.spoiled: set[str] = set()
        self.other: tuple[Path, int] | None = None
        self.edits: list[tuple[str, str, str]] = []
        self._bytes = iter(range(0x11, 0xFF))
        self._loops: list[str] = []
        self._at_the_end: list[Callable[[], object]] = []
        self.domain: libvirt.virDomain = None
        self.pool: libvirt.virStoragePool = None

    # -- making it ------------------------------------------------------------------------

    def define(
        self,
        drives: Iterable[Drive] = BOTH,
        *,
        loader: str = "",
        devices: str = "",
        features: str = "",
        transient: bool = False,
        variables: bool = False,
    ) -> None:
        """Make it with new images, all of one byte; of UEFI variables too."""
        first = next(self._bytes)
        if variables:
            path = self.directory / "vars"
            qemu_img("create", "-q", "-f", "qcow2", str(path), str(MIB))
            _qemu_io(str(path), "qcow2", f"write -P {first} 0 1M", write=True)
            self.now[VARIABLES] = first
        disks = "".join(self._disk(drive, first) for drive in drives)
        xml = _DOMAIN.format(
            name=self.name, disks=disks, loader=loader, devices=devices, features=features
        )
        make = self.connection.createXML if transient else self.connection.defineXML
        self.domain = make(xml)

    def _disk(self, drive: Drive, byte: int) -> str:
        source, path = "", self.directory / f"{drive.target}.{drive.format or 'none'}"
        if drive.kind == "network":
            source = "<source protocol='nbd' name='x'><host name='127.0.0.1' port='1'/></source>"
        elif drive.format:
            if drive.outside:
                option = f"data_file={path}.data"
                qemu_img("create", "-q", "-f", drive.format, "-o", option, str(path), str(SIZE))
                _qemu_io(str(path), drive.format, f"write -P {byte} 0 1M", write=True)
            else:
                _template(self.lab, drive.format, path, byte)
            attribute, shown = "file", str(path)
            if drive.kind == "block":
                os.truncate(path, 2 * SIZE)
                shown = self._loop(path)
                attribute = "dev"
            source = f"<source {attribute}={quoteattr(shown)}/>"
            if drive.kind == "volume":
                source = f"<source pool='{self._pool()}' volume='{path.name}'/>"
            if "readonly" not in drive.more and drive.device == "disk":
                self.now[drive.target] = self.written[shown] = byte
        snapshot = f" snapshot='{drive.snapshot}'" if drive.snapshot else ""
        return (
            f"<disk type='{drive.kind}' device='{drive.device}'{snapshot}>"
            f"<driver name='qemu' type='{drive.format or 'raw'}'/>{source}"
            f"<target dev='{drive.target}' bus='{drive.bus}'/>{drive.more}</disk>"
        )

    def _pool(self) -> str:
        """The storage pool of its directory, as it is now."""
        if self.pool is None:
            target = f"<target><path>{self.directory}</path></target>"
            self.pool = self.connection.storagePoolDefineXML(
                f"<pool type='dir'><name>{self.name}</name>{target}</pool>"
            )
            self.pool.create()
            self.at_the_end(self.pool.undefine)
            self.at_the_end(self.stop_pool)
        self.pool.refresh()
        return self.name

    def stop_pool(self) -> None:
        """Let its pool be inactive."""
        if self.pool.isActive():
            self.pool.destroy()

    def _loop(self, path: Path) -> str:
        done = subprocess.run(
            ["losetup", "--find", "--show", path], capture_output=True, text=True, check=True
        )
        self._loops.append(done.stdout.strip())
        return self._loops[-1]

    def go(self, state: str) -> None:
        """Bring it into a state."""
        if self.state == state:
            return
        if state == OFF:
            self.domain.destroy()
        elif self.state == OFF:
            self.domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED if state == PAUSED else 0)
        elif state == PAUSED:
            self.domain.suspend()
        else:
            self.domain.resume()

    def run_until(self, code: bytes, state: str) -> None:
        """Boot so many bytes of code from a disk of its own, until the domain is in a state."""
        path = self.directory / "vdc.raw"
        with path.open("r+b") as f:
            f.write(code.ljust(510, b"\xf4") + b"\x55\xaa")
        self.domain.create()
        until = time.monotonic() + 20
        while self.state != state:
            assert time.monotonic() < until, self.state

    def take(self, kind: Kind, name: str) -> None:
        """Take a snapshot of a kind and write on."""
        if kind is Kind.INTERNAL:
            self.internal(name)
        else:
            self.external(name, memory=kind is Kind.WITH_RAM)

    def internal(self, name: str) -> None:
        """Take an internal snapshot and write on."""
        self._take(name, "", 0)

    def external(self, name: str, targets: Iterable[str] = (), *, memory: bool = False) -> None:
        """Take an external one of all disks or of some, and write on."""
        left = [d for d in self.now if targets and d not in targets]
        disks = "".join(
            f"<disk name='{disk.target}' snapshot='no'/>"
            if disk.target in left
            else f"<disk name='{disk.target}' snapshot='external'><driver type='qcow2'/>"
            f"<source file='{self.directory}/{disk.target}.{name}'/></disk>"
            for disk in self.disks
            if disk.target in self.now
        )
        saved = f"<memory snapshot='external' file='{self.directory}/{name}.mem'/>"
        flags = 0 if memory else libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        self._take(name, f"{saved if memory else ''}<disks>{disks}</disks>", flags, left)

    def manual(self, name: str) -> None:
        """Take an external one of vda, which leaves vdb to other means: libvirt stops the guest."""
        before = self.state
        overlay = f"<driver type='qcow2'/><source file='{self.directory}/vda.{name}'/>"
        self.domain.snapshotCreateXML(
            f"<domainsnapshot><name>{name}</name><disks>"
            f"<disk name='vda' snapshot='external'>{overlay}</disk>"
            "<disk name='vdb' snapshot='manual'/></disks></domainsnapshot>",
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
        )
        self.held[name] = {"vda": self.now["vda"]}
        if self.state != before:
            self.domain.resume()
        self.write()

    def _take(self, name: str, inner: str, flags: int, left: Iterable[str] = ()) -> None:
        xml = f"<domainsnapshot><name>{name}</name>{inner}</domainsnapshot>"
        self.domain.snapshotCreateXML(xml, flags)
        self.held[name] = {t: byte for t, byte in self.now.items() if t not in left}
        if self.state == PAUSED and "<memory" in inner:
            # QEMU has given its images away, as for a migration, until it runs
            self.domain.resume()
            self.domain.suspend()
        self.write()

    def unnamed(self, name: str) -> None:
        """Let all disks write to overlays that no snapshot names, as backups do."""
        disks = "".join(
            f"<disk name='{target}'><source file='{self.directory}/{target}.{name}'/></disk>"
            for target in self.now
        )
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
        xml = f"<domainsnapshot><disks>{disks}</disks></domainsnapshot>"
        self.domain.snapshotCreateXML(xml, flags)
        self.write()

    def overlay(self, name: str) -> None:
        """Let all disks write to overlays that qemu-img makes, while it is off."""
        xml = self.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for disk in self.disks:
            path, lower = f"{self.directory}/{disk.target}.{name}", disk.path or ""
            qemu_img("create", "-q", "-f", "qcow2", "-F", disk.format, "-b", lower, path)
            xml = xml.replace(f"'{lower}'", f"'{path}'")
        self.domain = self.connection.defineXML(xml)
        self.write()

    def move(self) -> None:
        """Move its images and let its definition say so, while it is off; no record does."""
        xml = self.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for disk in self.disks:
            old = Path(disk.path or "")
            new = old.with_name(f"moved-{old.name}")
            old.rename(new)
            self.written[str(new)] = self.now[disk.target]
            xml = xml.replace(str(old), str(new))
        self.domain = self.connection.defineXML(xml)

    def make_unmanaged(self, name: str, *targets: str) -> None:
        """Take a snapshot inside the images behind libvirt's back, while it is off."""
        self.unmanaged[name] = dict(self.now)
        for disk in self.disks:
            if disk.target in (targets or self.now):
                qemu_img("snapshot", "-c", name, str(disk.path))
        self.write()

    def lend(self, path: str) -> None:
        """Let an image of nobody lie upon one of its images."""
        (disk,) = [disk for disk in self.disks if disk.path == path]
        lent = self.directory / "lent"
        words = ("create", "-q", "-f", "qcow2", "-F", disk.format, "-b", path, str(lent))
        qemu_img(*words)
        self.other = lent, self.now[disk.target]

    def edit(self) -> None:
        """Cut out of the records what :attr:`edits` say; the daemon must be away."""
        for name, start, end in self.edits:
            (record,) = self.lab.directory.rglob(f"snapshot/{self.name}/{name}.xml")
            text = record.read_text()
            record.write_text(text[: text.index(start)] + text[text.index(end) + len(end) :])

    def lose(self, target: str, *, beneath: bool = False) -> None:
        """Delete the image of a disk, or what lies at the bottom of it, whoever has it open."""
        (path,) = [disk.path or "" for disk in self.disks if disk.target == target]
        if beneath:
            said = qemu_img("info", "-U", "--output=json", "--backing-chain", path)
            path = json.loads(said)[-1]["filename"]
        os.unlink(path)
        self.give_up(target)

    def drop(self, name: str, *targets: str) -> None:
        """Delete what the images hold of a snapshot behind libvirt's back, while it is off."""
        for disk in self.disks:
            if disk.target in targets:
                qemu_img("snapshot", "-d", name, str(disk.path))

    def redefine(self, name: str, old: str, new: str) -> None:
        """Change something in a snapshot's metadata."""
        xml = self._snapshot(name).getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
        assert old in xml
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        self.domain.snapshotCreateXML(xml.replace(old, new), flag)

    def rename_inside(self, old: str, new: str) -> None:
        """Give an internal snapshot another name of the same length everywhere, while it is off."""
        for disk in self.disks:
            path = Path(disk.path or "")
            path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
        xml = self._snapshot(old).getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE)
        self.held[new] = self.held[old]
        self.forget(old)
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        self.domain.snapshotCreateXML(xml.replace(f"<name>{old}<", f"<name>{new}<"), flag)

    def checkpoint(self, name: str) -> None:
        """Let a tool for backups begin with the changes from here on; while it is active."""
        xml = f"<domaincheckpoint><name>{name}</name></domaincheckpoint>"
        self.domain.checkpointCreateXML(xml, 0)

    def lose_checkpoints(self) -> None:
        """Kill its QEMU, which has their bitmaps in its memory alone, and start it anew."""
        pid = self.lab.qemu(self.name)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while self.state != OFF:
            assert time.monotonic() < until, self.state
        self.domain.create()

    def back_up(self) -> None:
        """Let a tool for backups begin one in pull mode, which ends when that tool says so."""
        disks = "".join(
            f"<disk name='{target}' type='file'><scratch file='{self.directory}/{target}.scratch'/>"
            "</disk>"
            for target in self.now
        )
        server = f"<server transport='unix' socket='{self.directory}/nbd'/>"
        xml = f"<domainbackup mode='pull'>{server}<disks>{disks}</disks></domainbackup>"
        self.domain.backupBegin(xml, None, 0)

    def bitmap(self, target: str, name: str) -> None:
        """Put a persistent bitmap into the image of a disk, while it is off."""
        for disk in self.disks:
            if disk.target == target:
                qemu_img("bitmap", "--add", str(disk.path), name)

    def encrypt(self, target: str) -> None:
        """Let a disk be an encrypted image, of which the host does not have the key; while off."""
        path = self.directory / f"{target}.qcow2"
        encrypted_image(path, SIZE)
        xml = self.domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        source = f"<source file='{path}'"
        assert source in xml
        secret = "<secret type='passphrase' usage='of nobody'/>"
        said = f"{source}><encryption format='luks'>{secret}</encryption></source>"
        self.domain = self.connection.defineXML(xml.replace(f"{source}/>", said))
        self.give_up(target)

    def give_up(self, target: str) -> None:
        """What a disk and its part of snapshots must hold is not asked any more."""
        for held in (self.now, *self.held.values()):
            held.pop(target, None)

    def hold_open(self, path: Path) -> None:
        """Let another program of QEMU's have an image open."""
        ready = self.directory / "nbd"
        words = ["qemu-nbd", "-f", "qcow2", "-t", "-k", str(ready), str(path)]
        holder = subprocess.Popen(words)
        self.at_the_end(holder.wait)
        self.at_the_end(holder.terminate)
        while str(path) not in qemu_at([str(path)]):  # it listens before it opens it
            assert holder.poll() is None

    def merge_in_part(self, name: str) -> None:
        """Write what its disks hold now to the images that an external snapshot froze."""
        snapshot = parse_snapshot(self._snapshot(name).getXMLDesc())
        for disk in self._placed(snapshot.config.disks if snapshot.config is not None else ()):
            command = f"write -P {self.now[disk.target]} 0 1M"
            _qemu_io(disk.path or "", disk.format, command, write=True)
        self.spoiled.add(name)

    def revert(self, name: str) -> None:
        """Revert to a snapshot and write on, so that a fork begins."""
        self.domain.revertToSnapshot(self._snapshot(name), 0)
        second = int(time.time())
        self.write()
        while int(time.time()) == second:
            pass  # libvirt calls the overlays of two reverts in a second by the same names

    def forget(self, name: str) -> None:
        """Delete the metadata of a snapshot."""
        del self.held[name]
        self._snapshot(name).delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)

    def revert_works(self, name: str) -> bool:
        """Whether libvirt reverts to a snapshot."""
        with suppress(libvirt.libvirtError):
            self.domain.revertToSnapshot(self._snapshot(name), 0)
            return True
        return False

    def at_the_end(self, undo: Callable[[], object]) -> None:
        """Let something be undone before the domain goes."""
        self._at_the_end.append(undo)

    def destroy(self) -> None:
        """Remove the domain and all files."""
        for undo in reversed(self._at_the_end):
            undo()
        if self.domain is not None:
            with suppress(libvirt.libvirtError):
                self.domain.destroy()
            with suppress(libvirt.libvirtError):
                self.domain.undefineFlags(
                    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
                    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
                    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
                    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
                )
        for loop in self._loops:
            subprocess.run(["losetup", "--detach", loop], check=True)
            for made in Path("/dev").glob(f"{Path(loop).name}.*"):
                made.unlink()
        shutil.rmtree(self.directory)

    # -- what it is and holds -------------------------------------------------------------

    @property
    def key(self) -> DomainKey:
        return DomainKey(self.lab.uri, self.domain.UUIDString())

    @property
    def state(self) -> str:
        state = self.domain.state()[0]
        return {
            libvirt.VIR_DOMAIN_RUNNING: RUNNING,
            libvirt.VIR_DOMAIN_PAUSED: PAUSED,
            libvirt.VIR_DOMAIN_SHUTOFF: OFF,
            libvirt.VIR_DOMAIN_CRASHED: CRASHED,
            libvirt.VIR_DOMAIN_PMSUSPENDED: SUSPENDED,
        }.get(state, f"state {state}")

    @property
    def disks(self) -> tuple[Disk, ...]:
        """With the UEFI variables, if snapshots can lie inside them."""
        return self._placed(parse_domain(self.domain.XMLDesc()).written)

    def _placed(self, disks: tuple[Disk, ...]) -> tuple[Disk, ...]:
        """Volumes of its pool are files of its directory."""
        return tuple(
            disk
            if disk.volume is None
            else replace(disk, path=f"{self.directory}/{disk.volume.name}")
            for disk in disks
        )

    @property
    def saved(self) -> bool:
        return bool(self.domain.hasManagedSaveImage())

    def snapshots(self) -> set[str]:
        return {snapshot.getName() for snapshot in self.domain.listAllSnapshots()}

    @property
    def current(self) -> str | None:
        """The name of the current snapshot."""
        there = self.domain.hasCurrentSnapshot()
        return str(self.domain.snapshotCurrent().getName()) if there else None

    def saved_memory(self) -> dict[str, bytes]:
        """What the files for RAM hold, by path."""
        return {str(path): path.read_bytes()[:MIB] for path in self.directory.glob("*.mem")}

    def write(self) -> None:
        """Write another byte to every disk; as its guest would while it is active."""
        byte = next(self._bytes)
        for disk in self.disks:
            if disk.target not in self.now or (disk.device == "nvram" and self.domain.isActive()):
                continue
            if self.domain.isActive():
                self._monitor(disk.target, f"write -P {byte} 0 1M")
                self._monitor(disk.target, "flush")
                assert self.holds(disk, byte)
            else:
                _qemu_io(disk.path or "", disk.format, f"write -P {byte} 0 1M", write=True)
            self.now[disk.target] = self.written[disk.path or ""] = byte

    def otherwise(self, spoiled: Collection[str] = ()) -> list[Lost]:
        """What disks and snapshots do not hold of what they must.

        Args:
            spoiled: snapshots of which it was said that they do not.
        """
        lost = [
            Lost(disk.target)
            for disk in self.disks
            if disk.target in self.now and not self.holds(disk, self.now[disk.target])
        ]
        for name in sorted((self.snapshots() & self.held.keys()) - self.spoiled - set(spoiled)):
            lost += [Lost(target, name) for target in self._lost(name)]
        return lost

    def holds(self, disk: Disk, byte: int) -> bool:
        """Whether a disk of it is of a byte now."""
        return reads(disk.path or "", disk.format, f"read -P {byte} 0 1M")

    def _lost(self, name: str) -> list[str]:
        """Disks whose part of a snapshot is not what it must be."""
        snapshot = parse_snapshot(self._snapshot(name).getXMLDesc())
        written = self._placed(snapshot.config.written if snapshot.config else ())
        then = {disk.target: disk for disk in written}
        parts = {part.target: part for part in snapshot.disks}
        if any(part.presence is Presence.INTERNAL for part in snapshot.disks):
            parts[VARIABLES] = SnapshotDisk(VARIABLES, Presence.INTERNAL)
        lost = []
        for target, byte in self.held[name].items():
            part, disk = parts.get(target), then.get(target)
            if part is None or disk is None or part.presence is Presence.NO:
                continue
            if part.presence is Presence.INTERNAL:
                fine = entry_holds(Path(disk.path or ""), name, byte)
            else:
                fine = reads(disk.path or "", disk.format, f"read -P {byte} 0 1M")
            lost += [] if fine else [target]
        return lost

    def _snapshot(self, name: str) -> libvirt.virDomainSnapshot:
        return self.domain.snapshotLookupByName(name)

    def _monitor(self, target: str, command: str) -> None:
        """Let QEMU itself do something; what it says goes to its own log."""
        place = self._backends()[target]
        said = libvirt_qemu.qemuMonitorCommand(
            self.domain,
            f'qemu-io -d {place} "{command}"',
            libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP,
        )
        assert "rror" not in said, said

    def _backends(self) -> Mapping[str, str]:
        """By target, what QEMU calls the device of each disk."""
        answer = json.loads(
            libvirt_qemu.qemuMonitorCommand(self.domain, '{"execute": "query-block"}', 0)
        )
        by_file = {
            one["inserted"]["image"]["filename"]: one["qdev"]
            for one in answer["return"]
            if "inserted" in one
        }
        return {d.target: by_file[d.path] for d in self.disks if d.path in by_file}


def entry_holds(path: Path, name: str, byte: int) -> bool:
    """Whether the snapshot of a name in an image has this byte in its first MiB."""
    out = path.with_name(f"{path.name}.taken-out")
    words = ["convert", "-U", "-l", f"snapshot.name={name}", "-f", "qcow2", "-O", "raw"]
    done = subprocess.run(["qemu-img", *words, path, out], capture_output=True)
    if done.returncode:
        return False
    with out.open("rb") as f:
        content = f.read(MIB)
    out.unlink()
    return content == bytes([byte]) * MIB


def _template(lab: Lab, form: str, path: Path, byte: int) -> None:
    """An image of one byte; the first one of its kind is copied ever after."""
    kept = lab.directory / f"template.{form}"
    if not kept.exists():
        qemu_img("create", "-q", "-f", form, str(kept), str(SIZE))
        _qemu_io(str(kept), form, f"write -P {byte} 0 1M", write=True)
    shutil.copy(kept, path)


def reads(path: str, form: str, command: str) -> bool:
    if not os.path.exists(path):
        return False
    return _qemu_io(path, form, command)


def _qemu_io(path: str, form: str, command: str, *, write: bool = False) -> bool:
    how = [] if write else ["-U", "-r"]
    words = ["qemu-io", *how, "-f", form, "-c", command, path]
    done = subprocess.run(words, capture_output=True, text=True)
    assert not write or done.returncode == 0, done.stderr
    return done.returncode == 0
