"""Real domains on a private libvirtd, and the tools that other people use on them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import libvirt
import pytest

from snaptui.demo.daemon import Daemon
from snaptui.demo.setups import HOST
from snaptui.model.domain import DomainKey
from tests.stacks import TRIXIE
from tests.template import Template

libvirt.registerErrorHandler(lambda *_: None, None)  # what fails is raised, and not printed too

MIB = 1 << 20
FILLER = "filler"
"""The file that fills a file system."""

_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    {disks}
    <memballoon model='none'/>
  </devices>
</domain>
"""

_DISK = """\
<disk type='file' device='disk'>
  <driver name='qemu' type='{format}'/><source file={path}/><target dev='{target}' bus='virtio'/>
</disk>
"""

_ASK_AT_ONCE = 'capability_filters = [ "cpu-unavailable-features" ]\n'
_LAST_THAT_ASKS = 11_003_999
"""Of libvirt; measured with 9.0 and 11.3. With 12.8 and 12.9 it gains nothing."""

_CAPABILITIES: dict[Path, Path] = {}
"""By root, where a daemon of this process keeps what it found out about QEMU."""

_STATES = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "in shutdown",
    libvirt.VIR_DOMAIN_SHUTOFF: "shut off",
    libvirt.VIR_DOMAIN_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_PMSUSPENDED: "pmsuspended",
}
"""The words of virsh."""

_SNAPSHOT_FLAGS = {
    "--disk-only": libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY,
    "--no-metadata": libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA,
}
"""What needs no virsh; the others say more than a flag can."""

_WITH_ALL = reduce(
    or_,
    (
        libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
        libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA,
        libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
        libvirt.VIR_DOMAIN_UNDEFINE_NVRAM,
    ),
)


_MERGING = "<blockjobs active='yes'>"


class MergeOver(Exception):
    """A merge was not stopped at the place that was wanted."""


class Lab:
    """A private daemon with its images; their tools are always the host's.

    What is done often goes through libvirt's binding: a virsh is a hundred times as much work.

    Args:
        listen: lines for its libvirtd.conf that say where on the network it listens, if it does.

    Attributes:
        quick: whether libvirt asks QEMU about a CPU in the old way, where the new one takes 400
            questions at each start, half of its work; the XML is the same.
    """

    quick = False

    def __init__(self, directory: Path, root: Path = HOST, listen: str = "") -> None:
        self.directory, self.root = directory, root
        self.images = directory / "images"
        self.images.mkdir(exist_ok=True)
        state = directory / "d"
        state.mkdir()
        known = _CAPABILITIES.get(root)
        asks = self.quick and (root == TRIXIE.root or (root == HOST and _asks_one_by_one()))
        self.daemon = Daemon(state, known, root, _ASK_AT_ONCE if asks else "", listen)
        if known is None or not known.is_dir():
            _CAPABILITIES[root] = self.daemon.capabilities

    @property
    def uri(self) -> str:
        return self.daemon.uri

    def virsh(self, *words: str, check: bool = True) -> str:
        """What virsh prints."""
        done = subprocess.run(
            ["virsh", "-q", "-c", self.uri, *words], capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def define(
        self,
        name: str,
        *,
        disks: Iterable[str] = ("vda",),
        size: int = 8 * MIB,
        format: str = "qcow2",  # noqa: A002 - the word of libvirt and qemu-img
        memory: int = 32,
        running: bool = False,
    ) -> DomainKey:
        """Define a domain with new images, each filled with the byte 0x11 in its first MiB."""
        parts = []
        for target in disks:
            path = self.image(name, target)
            _filled(format, size).write(path)
            parts.append(_DISK.format(format=format, path=quoteattr(str(path)), target=target))
        key = self.define_disks(name, "".join(parts), memory=memory)
        if running:
            self.start(name)
        return key

    def define_disks(self, name: str, disks: str, *, memory: int = 32) -> DomainKey:
        """Define a domain with these disks."""
        return self.define_xml(_DOMAIN.format(name=escape(name), memory=memory, disks=disks))

    def define_xml(self, xml: str) -> DomainKey:
        """Define a domain, or define it anew."""
        with self._connected() as host:
            return DomainKey(self.uri, host.defineXML(xml).UUIDString())

    def image(self, name: str, target: str = "vda") -> Path:
        """Always equally long: where lines with it wrap is the same in every run."""
        return self.images / f"{abs(hash(name)):016x}-{target}.qcow2"

    def key(self, name: str) -> DomainKey:
        with self._domain(name) as domain:
            return DomainKey(self.uri, domain.UUIDString())

    def start(self, name: str) -> None:
        with self._domain(name) as domain:
            domain.create()

    def suspend(self, name: str) -> None:
        with self._domain(name) as domain:
            domain.suspend()

    def destroy(self, name: str) -> None:
        with self._domain(name) as domain:
            domain.destroy()

    def restore(self, saved: Path, xml: str) -> None:
        """Let a domain go on from a file, with this definition."""
        with self._connected() as host:
            host.restoreFlags(str(saved), xml)

    def xml(self, name: str, *, inactive: bool = False) -> str:
        """Its definition now, or that of its next start."""
        with self._domain(name) as domain:
            xml: str = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0)
            return xml

    def snapshots(self, name: str) -> list[str]:
        """Names of the domain's snapshots, parents first."""
        with self._domain(name) as domain:
            flags = libvirt.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL
            while True:
                try:
                    return [one.getName() for one in domain.listAllSnapshots(flags)]
                except libvirt.libvirtError as error:
                    # 9.0 lists one that is being added before it has its name
                    if "name in virGetDomainSnapshot" not in str(error):
                        raise

    def current(self, name: str) -> str:
        """The name of its current snapshot, or none."""
        with self._domain(name) as domain:
            return domain.snapshotCurrent().getName() if domain.hasCurrentSnapshot() else ""

    def state(self, name: str) -> str:
        with self._domain(name) as domain:
            return _STATES[domain.state()[0]]

    def snapshot(self, name: str, snapshot: str, *options: str) -> None:
        """Take one; options as for ``virsh snapshot-create-as``."""
        if not _SNAPSHOT_FLAGS.keys() >= set(options):
            self.virsh("snapshot-create-as", "--domain", name, f"--name={snapshot}", *options)
            return
        xml = f"<domainsnapshot><name>{escape(snapshot)}</name></domainsnapshot>"
        with self._domain(name) as domain:
            domain.snapshotCreateXML(xml, sum(_SNAPSHOT_FLAGS[one] for one in set(options)))

    @contextmanager
    def _connected(self) -> Iterator[libvirt.virConnect]:
        with closing(libvirt.open(self.uri)) as host:
            yield host

    @contextmanager
    def _domain(self, name: str) -> Iterator[libvirt.virDomain]:
        with self._connected() as host:
            yield host.lookupByName(name)

    def qemu(self, name: str) -> int:
        """The process of a running domain's QEMU."""
        inner = (self.directory / "d" / "run" / "qemu" / f"{name}.pid").read_text().strip()
        return _pid_outside(inner, os.readlink(f"/proc/{self.daemon.pid}/ns/pid"))

    def power_cut(self) -> None:
        """Kill the daemon, its QEMUs and all else that it started; it can be started again."""
        for inner, pid in _inside(os.readlink(f"/proc/{self.daemon.pid}/ns/pid")):
            if inner != "1":  # starts the daemon again
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.daemon.kill()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Stop a running domain's QEMU for a while."""
        pid = self.qemu(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it was powered off meanwhile
                os.kill(pid, signal.SIGCONT)

    def merge_held(self, name: str, at: str = _MERGING) -> int:
        """Stop the QEMU that merges images of a domain that is off while it does; its process.

        It gets so little of a processor before that libvirt's own notes show how far it is.

        Args:
            at: what stands in them then.

        Raises:
            MergeOver: it was too fast.
        """
        notes = self.directory / "d" / "run" / "qemu" / f"{name}.xml"
        until, merging, first = time.monotonic() + 120, False, None
        while time.monotonic() < until:
            with suppress(OSError), _process(pid := self.qemu(name)) as process:
                while time.monotonic() < until:
                    signal.pidfd_send_signal(process, signal.SIGSTOP)
                    told = notes.read_text()
                    if at in told:
                        return pid
                    images = re.findall("<source file='[^']*'", told)
                    first = first or images
                    if _MERGING not in told and (merging or images != first):
                        signal.pidfd_send_signal(process, signal.SIGCONT)
                        raise MergeOver
                    merging = _MERGING in told
                    _let_run(pid, process)
                    time.sleep(0.02)
        raise AssertionError(f"nothing of {name} is merged")

    @contextmanager
    def slowed(self, name: str, run: float = 0.002, rest: float = 0.2) -> Iterator[threading.Event]:
        """Let a running domain's QEMU go on for so many seconds only between each rest.

        Yields:
            As long as it is set, QEMU rests.
        """
        over, held, pid = threading.Event(), threading.Event(), self.qemu(name)

        def slow() -> None:
            with suppress(ProcessLookupError), _process(pid) as process:  # it may be powered off
                while not over.wait(run):
                    signal.pidfd_send_signal(process, signal.SIGSTOP)
                    while not over.wait(rest) and held.is_set():
                        continue
                    signal.pidfd_send_signal(process, signal.SIGCONT)

        slowing = threading.Thread(target=slow)
        slowing.start()
        try:
            yield held
        finally:
            over.set()
            slowing.join()

    def clean(self) -> None:
        """Remove all domains and images."""
        with self._connected() as host:
            for domain in host.listAllDomains():
                with suppress(libvirt.libvirtError):  # it is off, or ended by itself
                    domain.destroy()
                domain.undefineFlags(_WITH_ALL)
        for path in self.images.iterdir():
            path.unlink()


@cache
def _filled(form: str, size: int) -> Template:
    """An image with the byte 0x11 in its first MiB."""
    with _scratch() as path:
        qemu_img("create", "-q", "-f", form, str(path), str(size))
        write(path, 0x11, form)
        return Template(path)


@cache
def _encrypted(size: int, key: str) -> Template:
    with _scratch() as path:
        secret = ("--object", f"secret,id=key,data={key}")
        options = "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"
        qemu_img("create", "-q", "-f", "qcow2", *secret, "-o", options, str(path), str(size))
        return Template(path)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "image"


def _asks_one_by_one() -> bool:
    version: int = libvirt.getVersion()
    return version <= _LAST_THAT_ASKS


def _pid_outside(inner: str, namespace: str) -> int:
    """What a process is called out here that is called ``inner`` in its own PID namespace."""
    for name, pid in _inside(namespace):
        if name == inner:
            return pid
    raise ProcessLookupError(inner)


def _inside(namespace: str) -> Iterator[tuple[str, int]]:
    """What the processes of a PID namespace are called in there, and out here."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(entry / "ns" / "pid") != namespace:
                continue
            status = (entry / "status").read_text()
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid"))
            yield numbers.split()[-1], int(entry.name)


def many_snapshots(lab: Lab, name: str, count: int, first: int = 1_767_225_600) -> None:
    """Give a domain a chain of snapshots' metadata, ``n00000`` on, an hour apart.

    The first is of 2026-01-01 00:00 UTC. The images hold nothing of them. All but the first are
    put where the daemon, which is started anew, keeps its own: to redefine them takes a minute.
    """
    xml = lab.xml(name, inactive=True)
    one = lab.directory / "one.xml"
    one.write_text(
        "<domainsnapshot><name>n00000</name><state>shutoff</state>"
        f"<creationTime>{first}</creationTime>{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "--redefine", "--domain", name, str(one))
    folder = lab.directory / "d" / "lib" / "qemu" / "snapshot" / name
    pattern = (folder / "n00000.xml").read_text()
    lab.daemon.kill()
    for number in range(1, count):
        parent = f"<parent><name>n{number - 1:05}</name></parent>"
        (folder / f"n{number:05}.xml").write_text(
            pattern.replace("<name>n00000</name>", f"<name>n{number:05}</name>{parent}")
            .replace(str(first), str(first + 3600 * number))
        )  # fmt: skip
    lab.daemon.restart()


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[None]:
    """A file system of its own on a new directory: ext4, or tmpfs where there is no loop device."""
    place.mkdir()
    image = place.with_suffix(".disk")
    with image.open("wb") as f:
        f.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    loop = subprocess.run(["mount", "-o", "loop", image, place], capture_output=True)
    if loop.returncode:
        memory = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        subprocess.run(memory, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()
        image.unlink()


@contextmanager
def loop_device(image: Path, size: int) -> Iterator[str]:
    """A block device of so many bytes; its path. Needs root."""
    with image.open("wb") as f:
        f.truncate(size)
    words = ["losetup", "--find", "--show", str(image)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"there is no loop device: {done.stderr.strip()}")
    device = done.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
        image.unlink()


@contextmanager
def small_lab(size: int, root: Path = HOST) -> Iterator[Lab]:
    """A daemon whose images lie on a file system of their own."""
    directory = Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"))
    try:
        with small_disk(directory / "images", size):
            lab = Lab(directory, root)
            try:
                yield lab
            finally:
                lab.daemon.stop()
    finally:
        shutil.rmtree(directory)


def fill(place: Path, left: int = 0) -> None:
    """Fill a file system until so many bytes are free for an ordinary user."""
    with (place / FILLER).open("ab", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            while (free := free_on(place)) > left:
                try:
                    f.write(b"x" * max(1, min(size, free - left)))
                except OSError:
                    break
        os.fsync(f.fileno())


def free_on(place: Path) -> int:
    """Bytes that an ordinary user may still use."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def next_second() -> None:
    """Wait for it: libvirt and images tell the times of snapshots by the second."""
    now = int(time.time())
    while int(time.time()) == now:
        time.sleep(0.01)


def qemu_img(*words: str) -> str:
    while True:
        done = subprocess.run(["qemu-img", *words], capture_output=True, text=True)
        # it measures the CPU for a LUKS header, and gives up where that is busy
        if "accurate CPU usage" not in done.stderr:
            break
    done.check_returncode()
    return done.stdout


def encrypted_image(path: Path, size: int, key: str = "a key") -> Path:
    """A qcow2 image that is encrypted (LUKS); to make one takes seconds."""
    path.unlink(missing_ok=True)
    _encrypted(size, key).write(path)
    return path


def without_chain(xml: str) -> str:
    """A definition, or a snapshot's metadata, without the backing files that it lists."""
    return re.sub(r"<backingStore.*?</backingStore>\s*<target", "<target", xml, flags=re.DOTALL)


def entries(path: Path) -> list[tuple[str, str]]:
    """ID and name of an image's own snapshots, as qemu-img sees them."""
    info: dict[str, Any] = json.loads(qemu_img("info", "-U", "--output=json", str(path)))
    return [(entry["id"], entry["name"]) for entry in info.get("snapshots", [])]


def write(
    path: Path,
    byte: int,
    format: str = "qcow2",  # noqa: A002 - as above
    *,
    at: int = 0,
) -> None:
    """Fill a MiB of an image that nobody uses, the first one or from a byte on."""
    command = f"write -P {byte} {at} 1M"
    subprocess.run(["qemu-io", "-f", format, "-c", command, str(path)], check=True, stdout=-3)


def damage(path: Path) -> None:
    """Let the first L1 entry of an image point far behind its end."""
    with path.open("r+b") as f:
        f.seek(40)
        table = int.from_bytes(f.read(8), "big")
        f.seek(table)
        f.write(b"\x80\x00\x00\xff\x00\x00\x00\x00")


def holds(path: Path, byte: int) -> bool:
    """Whether the first MiB of an image is this byte."""
    command = f"read -P {byte} 0 1M"
    done = subprocess.run(
        ["qemu-io", "-U", "-r", "-f", "qcow2", "-c", command, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return "verification failed" not in done.stdout


@contextmanager
def _process(pid: int) -> Iterator[int]:
    """A process that signals reach as long as it is this one: numbers come again."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _let_run(pid: int, process: int) -> None:
    """Let a stopped process go on for 1 ms, and longer where it had no processor till then."""
    had, until = _ran(pid), time.monotonic() + 0.001
    signal.pidfd_send_signal(process, signal.SIGCONT)
    while time.monotonic() < until or _ran(pid) == had:
        time.sleep(0.0003)
    signal.pidfd_send_signal(process, signal.SIGSTOP)


def _ran(pid: int) -> int:
    """Nanoseconds that a process had a processor (Linux, Documentation/scheduler/sched-stats)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
