"""The host of a world: a daemon, its domains, and the lines of all that was done to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import libvirt
import libvirt_qemu

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.backend.virt.snapshot_xml import parse_snapshot
from snaptui.common.errors import SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model import libvirt_codes
from snaptui.model.disk import Presence
from snaptui.model.host import Host
from snaptui.plan.plan import DomainIntent
from snaptui.plan.planner import make_plan
from tests.lab import FILLER, Lab, free_on
from tests.live.matrix.guest import VARIABLES
from tests.live.matrix.harms import NEVER_SENT
from tests.worlds import contents, place, recipe
from tests.worlds.contents import Contents, Held
from tests.worlds.member import Member
from tests.worlds.virsh import TOOL, Silent, Virsh

_CRASHED = b"reason=crashed"
"""What libvirt writes into a guest's log (qemuDomainLogAppendMessage of qemu/qemu_process.c)."""


class DidNot(Exception):
    """An act is not possible in this world, or was refused; the world goes on without it."""


class Down(Exception):
    """The daemon or a QEMU went down, or something hangs, and nobody foretold it."""


class _Lab(Lab):
    quick = True


class Machine:
    """A lab in the place, and the domains of one world after another.

    Attributes:
        members: the domains of the world, as they are called in steps.
        loose: images that no domain uses.
        judged: images whose figures were compared, by their :func:`contents.stamp`.
        waited: libvirt waited once for a job that does not end, as was foretold: half a minute.
        lines: what was done to them, as a person would.
        done: the features that the world really has.
        others: the acts of other people that really were.
    """

    def __init__(self, root: Path) -> None:
        self.lab, self.root = _Lab(place.LAB, root), root
        self.loops = place.Loops()
        self.world = 0
        self.connect()
        self.begin()

    def connect(self) -> None:
        """Ask the daemon anew."""
        self.backend = LibvirtBackend(self.lab.uri)
        self.host: Host = self.backend.connect()
        self.connection = libvirt.open(self.lab.uri)
        self._virsh = Virsh(self.lab.uri, place.ROOT / "virsh.errors")

    def begin(self) -> None:
        """A world without anything."""
        self.world += 1
        self.members: dict[str, Member] = {}
        self.lines: list[str] = []
        self.done: list[str] = []
        self.others: list[str] = []
        self.loose: list[Path] = []
        self.judged: set[object] = set()
        self.waited = False

    def end(self) -> None:
        """Remove all of the world."""
        self.make_room()
        for member in reversed(self.members.values()):
            with suppress(libvirt.libvirtError):
                member.destroy()
        self.loops.close()
        contents.forget()
        self.begin()

    def has(self, feature: str) -> None:
        """Note what the world has."""
        if feature not in self.done:
            self.done.append(feature)

    @property
    def images(self) -> Path:
        return self.lab.images

    # -- a full file system ------------------------------------------------------------------

    @property
    def _filler(self) -> Path:
        return self.images / FILLER

    @property
    def full(self) -> bool:
        """Whether next to nothing is free for images: nothing more is written to disks then."""
        return self._filler.exists()

    def fill(self, left: int) -> None:
        """Leave so many bytes for images."""
        size = free_on(self.images) - left
        with open(place.inside(self._filler), "wb") as f:
            os.posix_fallocate(f.fileno(), 0, size)
        self.note("fallocate", "-l", str(size), str(self._filler))

    def make_room(self) -> None:
        """Take away what fills it."""
        if self.full:
            self._filler.unlink()
            self.note("rm", str(self._filler))

    # -- doing something --------------------------------------------------------------------

    def run(self, *words: str) -> str:
        """Run a command as other people do, with paths of the place alone.

        Raises:
            DidNot: it failed; the message is its last words.
        """
        place.checked(words[1:])
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise DidNot(done.stderr.strip()[-200:])
        self.note(*words)
        return done.stdout

    def virsh(self, *words: str, quiet: bool = False) -> str:
        """The same with a line of virsh, on the daemon.

        Args:
            quiet: it changes nothing, and is not written down.
        """
        place.checked(words)
        try:
            printed, failed = self._virsh.tell(*words, patience=place.TIME)
        except Silent:
            raise Down("virsh hangs") from None
        if failed:
            raise DidNot(failed.strip()[-200:])
        if not quiet:
            self.note(TOOL, *words)
        return printed

    def monitor(self, member: Member, line: str) -> None:
        """Let a QEMU do something itself; what it says of it goes to its own log."""
        human = libvirt_qemu.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP
        libvirt_qemu.qemuMonitorCommand(member.domain, line, human)
        self.note("virsh", "qemu-monitor-command", member.name, "--hmp", line)

    def qemu_img(self, *words: str) -> str:
        """Run qemu-img."""
        return self.run("qemu-img", *words)

    def note(self, *words: str, remark: bool = False) -> None:
        """Write a line down, or a remark."""
        self.lines.append(f"{'# ' if remark else ''}{recipe.line(words)}")

    def xml(self, member: Member, text: str) -> Path:
        """A file for virsh, which names paths of the place alone, and the line that makes it."""
        place.checked_xml(text)
        path = member.directory / f"{len(self.lines)}.xml"
        Path(place.inside(path)).write_text(text)
        self.lines.append(recipe.file(path, text))
        return path

    def safe(self, intent: DomainIntent) -> None:
        """The guard before an act: what is known to bring a program down is not done.

        Nor is that for which libvirt waits half a minute for a job that does not end.

        Raises:
            DidNot: it would, or nobody can tell.
        """
        try:
            plan = make_plan(intent, read_facts(self.backend, self.host, intent))
        except SnaptuiError as error:
            raise DidNot(error.message) from None
        if NEVER_SENT & {one.harm for one in plan.refusals if one.harm is not None}:
            raise DidNot("it is never sent")
        if any(one.code == libvirt_codes.OPERATION_TIMEOUT for one in plan.refusals):
            raise DidNot("libvirt waits for a job")

    def alive(self) -> None:
        """The daemon answers, each QEMU that should be there is, and no tool went down.

        Raises:
            Down: not so.
        """
        if self.lab.daemon.pid is None:
            raise Down("the daemon is down")
        try:
            self.connection.getLibVersion()
        except libvirt.libvirtError as error:
            raise Down("the daemon does not answer") from error
        if place.tool_down():
            raise Down("a tool of QEMU is down, or hangs")
        for member in self.members.values():
            if _crashed(self.lab.directory / "d" / "log" / "qemu" / f"{member.name}.log"):
                raise Down("a QEMU is down")

    # -- looking ----------------------------------------------------------------------------

    def contents(self, *, quick: bool = False) -> Contents:
        """What all disks of all domains, their snapshots, and images of nobody hold now.

        Args:
            quick: of disks and images alone.
        """
        found: dict[str, Held | None] = {}
        seen: dict[tuple[str, str, str], Held | None] = {}

        def read(where: str, path: str | None, form: str, entry: str = "") -> None:
            if path is None:
                return
            key = path, form, entry
            if key not in seen:
                seen[key] = contents.read(*key)
            found[where] = seen[key]

        for name, member in self._defined():
            with suppress(libvirt.libvirtError):
                for disk in member.disks:
                    if disk.path is not None and disk.device == "disk":
                        read(f"{name}:{disk.target}", disk.path, disk.format)
                if member.variables:
                    found[f"{name}:{VARIABLES}"] = member.kept
                for where, path, form, entry in () if quick else self._parts(name, member):
                    read(where, path, form, entry)
        for one in self.loose:
            if one.exists():
                read(str(one), str(one), "qcow2")
                for entry in contents.entries(str(one)):
                    read(f"{one}#{entry}", str(one), "qcow2", entry)
        return found

    @staticmethod
    def _parts(name: str, member: Member) -> Iterator[tuple[str, str | None, str, str]]:
        """Where, path, format and entry of each disk's part of each snapshot."""
        inside: dict[str, set[str]] = {}
        images = {disk.path for disk in member.disks if disk.format == "qcow2"}
        for one in member.domain.listAllSnapshots():
            snapshot = parse_snapshot(one.getXMLDesc())
            parts = {part.target: part.presence for part in snapshot.disks}
            images |= {part.path for part in snapshot.disks}
            then = member.placed(snapshot.config.disks if snapshot.config else ())
            for disk in then:
                where = f"{name}:{disk.target}@{snapshot.name}"
                images |= {disk.path} if disk.format == "qcow2" else set()
                if parts.get(disk.target) is Presence.INTERNAL:
                    inside.setdefault(disk.path or "", set()).add(snapshot.name)
                    yield where, disk.path, disk.format, snapshot.name
                elif parts.get(disk.target) is Presence.EXTERNAL:
                    yield where, disk.path, disk.format, ""
            store = str(member.store)
            if member.variables == "qcow2" and snapshot.name in contents.entries(store):
                yield f"{name}:{VARIABLES}@{snapshot.name}", store, "qcow2", snapshot.name
        for path in sorted(path for path in images if path is not None and os.path.exists(path)):
            for entry in contents.entries(path):
                if entry not in inside.get(path, ()):
                    yield f"{path}#{entry}", path, "qcow2", entry

    def _defined(self) -> list[tuple[str, Member]]:
        """The domains, without what libvirt refused to define."""
        return [(name, one) for name, one in self.members.items() if one.domain is not None]

    def states(self) -> dict[str, str]:
        """What each domain does."""
        found = {}
        for name, member in self._defined():
            with suppress(libvirt.libvirtError):
                found[name] = member.state
        return found


def _crashed(log: Path) -> bool:
    """Of a transient guest, and of one that was started since, the log alone tells."""
    return log.exists() and _CRASHED in log.read_bytes()
