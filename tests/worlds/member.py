"""A domain of a world: made and written to by the lines that other people would use."""

from __future__ import annotations

import errno
import itertools
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from uuid import NAMESPACE_OID, uuid5
from xml.sax.saxutils import quoteattr

import libvirt

from snaptui.model.disk import Disk
from tests.lab import MIB
from tests.live.matrix.guest import RUNNING, Guest
from tests.worlds import contents, recipe
from tests.worlds.channel import firmware
from tests.worlds.contents import Held
from tests.worlds.freezing import GuestAgent
from tests.worlds.hardware import FIRMWARE, NO_VARIABLES, Hardware
from tests.worlds.place import inside
from tests.worlds.recipe import shown
from tests.worlds.sorts import SIZE, SORTS, Sort, disk_xml

if TYPE_CHECKING:
    from tests.worlds.machine import Machine

MEMORY = 32
PLAINEST = Hardware()
BLOCK = 4 << 10
_ENCRYPTED_INSIDE = "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"
OPENS = 5.0
"""Seconds in which a guest opens its agent's channel; it takes milliseconds, once it runs."""
APART = 0x40
"""Between the bytes of two domains: what one writes is never what another has there."""

_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>{memory}</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type>{os}</os>{features}
  <devices>{disks}{devices}<memballoon model='none'/></devices>
</domain>"""


class Member(Guest):
    """A domain whose making and writing leaves lines.

    Attributes:
        never: it is not to be started.
        agent: what answers for its guest's, if it has one.
        variables: format of the file of its UEFI variables; empty without one.
    """

    _kept: ClassVar[dict[tuple[Sort, int], tuple[bytes, list[str], str]]] = {}
    """The first image of each kind, the lines that made it, and its path in them.

    Without a suffix: what it is made of lies beside it.
    """

    def __init__(self, machine: Machine, name: str) -> None:
        super().__init__(machine.lab, machine.connection, name)
        self.machine = machine
        self.never = False
        self.agent: GuestAgent | None = None
        self.variables = ""
        self._bytes = itertools.count(0x11 + APART * len(machine.members))
        machine.note("mkdir", str(self.directory))

    def make(
        self,
        sorts: Iterable[tuple[str, str]],
        hardware: Hardware = PLAINEST,
        *,
        transient: bool = False,
    ) -> None:
        """Define it with new images; transient, start it.

        Args:
            sorts: target and key of :data:`SORTS`, or the path of an image that is there.
        """
        byte = next(self._bytes)
        disks = "".join(self.new_disk(target, sort, byte) for target, sort in sorts)
        self.never = self.never or hardware.off
        if hardware.variables:
            self._firmware(hardware.variables)
        if hardware.agent:
            self._answer()
        xml = _DOMAIN.format(
            name=self.name, uuid=uuid5(NAMESPACE_OID, self.name), memory=MEMORY, disks=disks,
            features=hardware.features,
            os=hardware.os.format(self.directory), devices=hardware.devices.format(self.directory),
        )  # fmt: skip
        path = self.machine.xml(self, xml)
        self.machine.virsh("create" if transient else "define", str(path))
        self.domain = self.connection.lookupByName(self.name)

    def _firmware(self, variables: str) -> None:
        """Files of the firmware's code and variables, and the template of these."""
        self.variables = variables
        for name in ("code", "template", *(["vars"] if variables == "raw" else [])):
            Path(inside(self.directory / name)).write_bytes(FIRMWARE)
            told = f"head -c {len(FIRMWARE)} /dev/zero | tr '\\0' '\\364'"
            self.machine.lines.append(f"{told} > {shown(str(self.directory / name))}")
        if variables == "json":
            Path(inside(self.store)).write_text(NO_VARIABLES)
            told = f"printf '{NO_VARIABLES}' > {shown(str(self.store))}"
            self.machine.lines.append(told)
        if variables == "qcow2":
            size = str(len(FIRMWARE))
            self.machine.qemu_img("create", "-q", "-f", "qcow2", str(self.store), size)

    def _answer(self) -> None:
        """An agent at the channel, and firmware that opens it."""
        code, socket = self.directory / "code", self.directory / "agent"
        Path(inside(code)).write_bytes(firmware())
        self.agent = GuestAgent(socket)
        self.machine.lines += recipe.answering(code, socket)

    def until_it_answers(self) -> None:
        """Wait until libvirt knows that the guest opened the agent's channel, if it runs."""
        until = time.monotonic() + OPENS
        while self.agent is not None and self.state == RUNNING and time.monotonic() < until:
            if "state='connected'" in self.domain.XMLDesc():
                return
            time.sleep(0.01)

    def new_disk(self, target: str, key: str, byte: int) -> str:
        """The XML of a disk, whose image is made unless the key is a path."""
        if key.startswith("/"):
            self.now[target] = byte
            return disk_xml(target, Sort(), f"file={quoteattr(key)}")
        sort = SORTS[key]
        self.never = self.never or sort.off
        path = self.directory / f"{target}.{sort.format}"
        if sort.kind == "network":
            host = "<host name='127.0.0.1' port='1'/>"
            source = f"<source protocol='nbd' name='x'>{host}</source>"
            return disk_xml(target, sort, "", source)
        self._image(path, sort, byte)
        if not sort.unread:
            self.now[target] = byte
        if sort.kind == "block":
            os.truncate(inside(path), 2 * SIZE)
            self.machine.note("truncate", "-s", str(2 * SIZE), str(path))
            device = self.machine.loops.attach(path)
            self.machine.lines.append(recipe.attached(device, path))
            return disk_xml(target, sort, f"dev='{device}'")
        if sort.kind == "slice":
            part = f"<slices><slice type='storage' offset='{MIB}' size='{2 * MIB}'/></slices>"
            source = f"<source file={quoteattr(str(path))}>{part}</source>"
            return disk_xml(target, replace(sort, kind="file"), "", source)
        if sort.kind == "volume":
            return disk_xml(target, sort, f"pool='{self._pool()}' volume='{path.name}'")
        return disk_xml(target, sort, f"file={quoteattr(str(path))}")

    def _image(self, path: Path, sort: Sort, byte: int) -> None:
        key, lines, short = (sort, byte), self.machine.lines, shown(str(path.with_suffix("")))
        if key in self._kept:
            data, made, first = self._kept[key]
            _copy(data, path)
            lines += [line.replace(first, short) for line in made]
            return
        before = len(lines)
        self._new_image(path, sort, byte)
        if sort.made not in ("data", "backed"):  # those name another file by its path
            self._kept[key] = path.read_bytes(), lines[before:], short

    def _new_image(self, path: Path, sort: Sort, byte: int) -> None:
        run, image = self.machine.run, self.machine.qemu_img
        options = sort.options
        if sort.made == "data":
            options = ",".join([f"data_file={path}.data", *filter(None, [options])])
        beneath = []
        if sort.made == "backed":
            base = path.with_suffix(".base")
            image("create", "-q", "-f", "qcow2", str(base), str(sort.size))
            run("qemu-io", "-f", "qcow2", "-c", f"write -P {byte ^ 1} 1M 2M", str(base))
            beneath = ["-F", "qcow2", "-b", str(base)]
        if sort.made == "encrypted":
            raw = sort.format == "raw"
            options = "key-secret=key,iter-time=10" if raw else _ENCRYPTED_INSIDE
            words = ("-f", "luks" if raw else "qcow2", "--object", "secret,id=key,data=of-nobody")
            image("create", "-q", *words, "-o", options, str(path), str(sort.size))
            return
        chosen = ["-o", options] if options else []
        if sort.made == "compressed":
            source = path.with_suffix(".source")
            text = bytes([byte]) * MIB + b"some text\n" * 60_000
            Path(inside(source)).write_bytes(text.ljust(sort.size, b"\0"))
            told = f"head -c 1M /dev/zero | tr '\\0' '\\{byte:o}'; yes some text | head -c 600000"
            self.machine.lines.append(f"{{ {told}; }} > {shown(str(source))}")
            self.machine.note("truncate", "-s", str(sort.size), str(source))
            image("convert", "-c", "-f", "raw", "-O", "qcow2", *chosen, str(source), str(path))
            source.unlink()
            self.machine.note("rm", str(source))
            return
        image("create", "-q", "-f", sort.format, *chosen, *beneath, str(path), str(sort.size))
        run("qemu-io", "-f", sort.format, "-c", f"write -P {byte} 0 1M", str(path))
        if sort.made == "bitmap":
            image("bitmap", "--add", str(path), "of-a-backup")

    def _pool(self) -> str:
        fresh = self.pool is None
        name = super()._pool()
        if fresh:
            where = ("dir", "--target", str(self.directory))
            self.machine.note("virsh", "pool-define-as", name, *where)
            self.machine.note("virsh", "pool-start", name)
        else:
            self.machine.note("virsh", "pool-refresh", name)
        return name

    def lose_pool(self) -> None:
        """It is gone, and not to be removed again."""
        self.pool = None
        self._at_the_end.clear()

    def placed(self, disks: tuple[Disk, ...]) -> tuple[Disk, ...]:
        """With the paths of volumes."""
        return self._placed(disks)

    def write(self, more: str = "") -> None:
        """Write another byte to every disk, and do something more there, as its guest would.

        Args:
            more: a command of qemu-io.

        Raises:
            OSError: there is no room for it.
        """
        if self.machine.full:
            raise OSError(errno.ENOSPC, "a guest would wait for room")
        byte = next(self._bytes)
        running = self.domain.isActive()
        backends = self._backends() if running else {}
        for disk in self.disks:
            if disk.target not in self.now or (running and disk.target not in backends):
                continue
            commands = [f"write -P {byte} 0 1M", *([more] if more else []), "flush"]
            if running:
                for command in commands:
                    self.machine.monitor(self, f'qemu-io -d {backends[disk.target]} "{command}"')
            else:
                said = [word for command in commands for word in ("-c", command)]
                self.machine.run("qemu-io", "-f", disk.format or "raw", *said, disk.path or "")
            self.now[disk.target] = self.written[disk.path or ""] = byte
        if not running and self.variables in ("raw", "qcow2"):
            words = ("-f", self.variables, "-c", f"write -P {byte} 0 4k", str(self.store))
            self.machine.run("qemu-io", *words)

    def flush(self) -> None:
        """Let its QEMU write out what it has in its caches, if it runs."""
        for backend in self._backends().values() if self.domain.isActive() else ():
            self.machine.monitor(self, f'qemu-io -d {backend} "flush"')

    def look(self) -> None:
        """Take what the disks hold now for what they must hold from here on."""
        for disk in self.disks:
            if disk.target in self.now:
                found = contents.first(disk.path or "", disk.format)
                if found is None:
                    self.give_up(disk.target)
                else:
                    self.now[disk.target] = self.written[disk.path or ""] = found

    def held_from_now(self, name: str, left: Iterable[str] = ()) -> None:
        """What a snapshot must hold that was taken just now."""
        self.held[name] = {t: byte for t, byte in self.now.items() if t not in set(left)}

    @property
    def store(self) -> Path:
        """The file of its UEFI variables."""
        return self.directory / "vars"

    @property
    def kept(self) -> Held | None:
        """Its UEFI variables; a store's as they are, however QEMU writes them down."""
        if self.variables != "json":
            return contents.read(str(self.store), self.variables)
        try:
            store = json.loads(self.store.read_text())
        except (OSError, ValueError):
            return None
        return Held.of(json.dumps(store["variables"], sort_keys=True).encode())

    @property
    def tpm(self) -> bytes | None:
        """What its TPM keeps while it is off; ``None`` where there is none, or it never ran."""
        folder = self.lab.directory / "d" / "lib" / "swtpm" / self.domain.UUIDString()
        return next((path.read_bytes() for path in folder.rglob("*.permall")), None)

    @property
    def path_of(self) -> dict[str, str]:
        """By target, the image of each disk that it writes to."""
        return {d.target: d.path for d in self.disks if d.path and d.target in self.now}

    @property
    def there(self) -> bool:
        """A transient one is not once it is off."""
        with suppress(libvirt.libvirtError):
            self.domain.state()
            return True
        return False

    def destroy(self) -> None:
        """Remove the domain and all files."""
        if self.agent is not None:
            self.agent.close()
        with suppress(libvirt.libvirtError):
            super().destroy()


def _copy(data: bytes, path: Path) -> None:
    """A file that holds this, with holes where it is of zeroes."""
    with open(inside(path), "wb") as f:
        f.truncate(len(data))
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK]
            if block.strip(b"\0"):
                f.seek(start)
                f.write(block)
