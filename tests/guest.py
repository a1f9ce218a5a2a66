"""A real guest: Debian's cloud kernel, busybox and QEMU's agent, with ext4 on its disk.

Its parts are downloaded by ``tests/setup.sh test`` and kept in ``build/guest``, as is the state
of a guest that has booted: a test gets it back in a second, where booting takes five to ten.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from snaptui.demo.setups import HOST
from snaptui.model.domain import DomainKey
from tests.lab import MIB, Lab, qemu_img

PARTS = Path(__file__).parents[1] / "build" / "guest"
NAME, UUID = "guest", "5ca1ab1e-0000-4000-8000-00000000cafe"
"""A saved state is of one domain, whatever lab it comes back in."""
MEMORY = 128
"""MiB: with 64 the kernel does not come up."""
DISK = 192
"""MiB."""
HEAD = 64 << 10
"""Bytes of a saved state in which libvirt's own part ends; what comes then is QEMU's."""
PATIENCE = 90.0
"""Seconds after which the guest is given up: an emulated CPU, on a machine that is busy."""

_PACKAGES = ("linux-image-*", "busybox-static", "qemu-guest-agent")
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev",
    "virtio_pci",
    "virtio_blk",
    "virtio_console",
)
_INIT = """\
#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in {modules}; do insmod /lib/modules/$module.ko; done
until [ -e /dev/vport0p1 ] && [ -e /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /mnt
qemu-ga --method=virtio-serial --path=/dev/vport0p1 --statedir=/run --fsfreeze-hook=/bin/hook &
exec sleep 2147483647
"""
_HOOK = """\
#!/bin/sh
echo $1 >> /run/freezes
! [ -e /run/refuses ]
"""
_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{parts}/vmlinuz</kernel>
    <initrd>{parts}/initrd</initrd>
    <cmdline>console=ttyS0 quiet panic=1 mitigations=off</cmdline>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/>
    </disk>
    <serial type='file'><source path='{log}'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Guest:
    """The guest, running, on a lab.

    Args:
        number: a digit; another one for another guest beside it.

    Attributes:
        key: of its domain.
        disk: its image, with a file system that it has mounted on ``/mnt``.
    """

    def __init__(self, lab: Lab, number: int = 0) -> None:
        self._be(lab, number)
        saved, disk = _booted(lab)
        shutil.copyfile(disk, self.disk)
        xml = self._define()
        with self._state(saved) as state:
            lab.restore(state, xml)
        self.until_it_answers()

    def _be(self, lab: Lab, number: int) -> None:
        self.lab = lab
        self.name = f"{NAME[:-1]}{number}" if number else NAME
        self.key = DomainKey(lab.uri, f"{UUID[:-1]}{number}" if number else UUID)
        self.disk = lab.image(self.name)

    @classmethod
    def boot(cls, lab: Lab) -> Guest:
        """Switch it on, on a new disk, and wait until it is up."""
        guest = cls.__new__(cls)
        guest._be(lab, 0)
        raw = guest.disk.with_suffix(".raw")
        with raw.open("wb") as file:
            file.truncate(DISK * MIB)
        subprocess.run(
            ["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", raw], check=True
        )
        qemu_img("convert", "-f", "raw", "-O", "qcow2", str(raw), str(guest.disk))
        raw.unlink()
        guest._define()
        lab.start(NAME)
        guest.until_it_answers()
        return guest

    def _define(self) -> str:
        for name in ("vmlinuz", "initrd"):  # a daemon in another root does not see our own folders
            if not (self.lab.directory / name).exists():
                shutil.copy(PARTS / name, self.lab.directory)
        log = self.lab.directory / f"{self.name}.log"
        xml = _DOMAIN.format(
            name=self.name,
            uuid=self.key.uuid,
            memory=MEMORY,
            parts=self.lab.directory,
            disk=self.disk,
            log=log,
        )
        self.lab.define_xml(xml)
        return xml

    @contextlib.contextmanager
    def _state(self, saved: Path) -> Iterator[Path]:
        """The saved state as that of this domain, whose name and UUID are equally long."""
        if self.name == NAME and self.lab.root == HOST:
            yield saved
            return
        state = self.lab.directory / f"{self.name}.state"
        with saved.open("rb") as old, state.open("wb") as new:
            head = old.read(HEAD).replace(f"<name>{NAME}<".encode(), f"<name>{self.name}<".encode())
            new.write(head.replace(UUID.encode(), self.key.uuid.encode()))
            shutil.copyfileobj(old, new, MIB)
        yield state
        state.unlink()

    def until_it_answers(self) -> None:
        """Wait for the agent."""
        _until(lambda: "return" in self._ask("guest-ping"), "The guest's agent does not answer")

    def agent(self, command: str, **arguments: Any) -> Any:
        """What the agent answers to a command of its own."""
        answer = self._ask(command, **arguments)
        assert "return" in answer, f"{command}: {answer}"
        return answer["return"]

    def _ask(self, command: str, *options: str, **arguments: Any) -> dict[str, Any]:
        request = json.dumps({"execute": command, "arguments": arguments})
        said = self.lab.virsh("qemu-agent-command", self.name, *options, request, check=False)
        try:
            answer: dict[str, Any] = json.loads(said)
        except ValueError:
            return {"error": said}
        return answer

    def run(self, line: str, data: bytes = b"") -> bytes:
        """What a line for the guest's shell prints; it must succeed."""
        words = {"path": "/bin/sh", "arg": ["-c", line], "capture-output": True}
        data64 = base64.b64encode(data).decode()
        pid = self.agent("guest-exec", **words, **({"input-data": data64} if data else {}))["pid"]
        done: dict[str, Any] = {}

        def exited() -> bool:
            done.update(self.agent("guest-exec-status", pid=pid))
            return bool(done["exited"])

        _until(exited, f"{line} does not end")
        out, err = (base64.b64decode(done.get(f"{which}-data", "")) for which in ("out", "err"))
        assert done["exitcode"] == 0, f"{line}: {err.decode()}"
        return out

    def begin(self, line: str) -> None:
        """Start a line for the guest's shell, and leave it running."""
        self.agent("guest-exec", path="/bin/sh", arg=["-c", line])

    def write(self, path: str, data: bytes) -> None:
        """Write a file of 90 KiB at most, down to the disk."""
        self.run(f"cat > {shlex.quote(path)} && sync", data)

    def fill(self, path: str, mib: int) -> None:
        """Write so many MiB that do not compress and are no zeros, down to the disk."""
        self.run(f"dd if=/dev/urandom of={shlex.quote(path)} bs=1M count={mib} && sync")

    def read(self, path: str) -> bytes:
        """What is in a file."""
        return self.run(f"cat {shlex.quote(path)}")

    def there(self, path: str) -> bool:
        """Whether a file is there."""
        return self.run(f"test -e {shlex.quote(path)} && echo yes || echo no") == b"yes\n"

    @property
    def frozen(self) -> bool:
        """Whether its file systems are frozen, as its agent says."""
        return bool(self.agent("guest-fsfreeze-status") == "frozen")

    @property
    def freezes(self) -> list[str]:
        """What its file systems went through since it was switched on: ``freeze``, ``thaw``."""
        return self.run("cat /run/freezes 2>/dev/null || true").decode().split()

    def refuse_to_freeze(self) -> None:
        """Let its hook fail, as one does that cannot bring a database to rest."""
        self.run("touch /run/refuses")

    def stop_agent(self) -> None:
        """Let its agent stop in its tracks: it holds its port, and says nothing more."""
        self.begin("kill -STOP $(pidof qemu-ga)")
        _until(lambda: "error" in self._ask("guest-ping", "--timeout=1"), "The agent goes on")

    def end_agent(self) -> None:
        """Let its agent end: nobody listens at its port any more."""
        self.begin("kill $(pidof qemu-ga)")
        _until(
            lambda: "state='disconnected'" in self.lab.xml(self.name),
            "The channel is still connected",
        )


def missing() -> str:
    """Why there can be no guest; empty when there can."""
    for package in _PACKAGES:
        if not list(PARTS.glob(f"{package}_*.deb")):
            return f"{package} was not downloaded: run tests/setup.sh test on a Debian machine."
    return "" if shutil.which("mkfs.ext4") else "mkfs.ext4 is not installed."


def skip_without() -> None:
    """Skip a test if there can be no guest; in CI there must be one."""
    if why := missing():
        assert "CI" not in os.environ, why
        pytest.skip(why)


def _booted(lab: Lab) -> tuple[Path, Path]:
    """The state of a guest that has booted, and its disk; of this libvirt and this QEMU."""
    versions = lab.virsh("version") + _DOMAIN + _INIT + _HOOK
    kept = PARTS / hashlib.sha256(versions.encode()).hexdigest()[:16]
    with _one_at_a_time():
        if not kept.is_dir():
            _build()
            new = kept.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            guest = Guest.boot(lab)
            state = lab.directory / "state"
            lab.virsh("save", "--domain", NAME, "--file", str(state))
            shutil.move(state, new / "state")
            shutil.move(guest.disk, new / "disk")
            lab.virsh("undefine", NAME)
            new.rename(kept)
    return kept / "state", kept / "disk"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (PARTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build() -> None:
    """Make kernel and initrd from the packages."""
    tree, root = PARTS / "tree", PARTS / "root"
    for directory in (tree, root):
        shutil.rmtree(directory, ignore_errors=True)
    for package in _PACKAGES:
        newest = max(PARTS.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
        subprocess.run(["dpkg-deb", "--extract", newest, tree], check=True)
    for name in ("bin", "dev", "lib/modules", "lib64", "mnt", "proc", "run", "sys", "tmp"):
        (root / name).mkdir(parents=True)
    agent = next(tree.glob("usr/*bin/qemu-ga"))
    for source in (next(tree.rglob("bin/busybox")), agent):
        shutil.copy(source, root / "bin")
    linked = subprocess.run(["ldd", agent], capture_output=True, text=True, check=True).stdout
    assert "not found" not in linked, linked
    for library in re.findall(r"(/\S+) \(", linked):
        shutil.copy(library, root / ("lib64" if "ld-linux" in library else "lib"))
    for module in _MODULES:
        shutil.copy(next(tree.rglob(f"{module}.ko")), root / "lib" / "modules")
    init = root / "init"
    init.write_text(_INIT.format(modules=" ".join(_MODULES)))
    init.chmod(0o755)
    hook = root / "bin" / "hook"
    hook.write_text(_HOOK)
    hook.chmod(0o755)
    (root / "bin" / "sh").symlink_to("busybox")
    names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
    packed = subprocess.run(
        [root / "bin" / "busybox", "cpio", "-o", "-H", "newc"],
        cwd=root,
        input=names.encode(),
        capture_output=True,
        check=True,
    ).stdout
    (PARTS / "initrd").write_bytes(gzip.compress(packed, 6))
    shutil.copy(next(tree.glob("boot/vmlinuz-*")), PARTS / "vmlinuz")
    for directory in (tree, root):
        shutil.rmtree(directory)


def _until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, f"{what}."
        time.sleep(0.05)
