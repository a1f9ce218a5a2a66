"""Many domains, on one host and on many: the time to the list, and what they cost when idle."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import Figure
from tests.lab import Lab, qemu_img
from tests.terminal import Terminal

CALM = 0.1
"""Of a core: what has been read once has been read when less was used for some seconds."""
WINDOW = 10.0
"""Those seconds."""
IDLE = 60.0
"""Seconds for which nothing is done: two rounds of what is read every half minute."""
HOSTS = 30


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the program on some hosts."""

    listed: float
    memory: int
    busy: float


def measure(lab: Lab) -> Iterator[Figure]:
    for domains, snapshots, hosts, listed, memory, busy in (
        (50, 20, HOSTS, None, 150, 3),
        (1000, 50, 1, 1.5, 120, 2),
    ):
        fill(lab, domains, snapshots)
        cost = _cost(uris(lab, hosts))
        of = f"{domains} domains, {snapshots} snapshots each"
        of = f"{hosts} hosts, {of}" if hosts > 1 else of
        yield Figure(f"{of}: first list", cost.listed, "s", listed)
        yield Figure(f"{of}: resident", cost.memory / (1 << 20), "MiB", memory)
        yield Figure(f"{of}: idle", cost.busy * 100, "%", busy, "of a core")
        lab.clean()


def uris(lab: Lab, hosts: int) -> list[str]:
    """So many URIs of the lab, each a host of its own to the program."""
    if hosts == 1:
        return ["-c", lab.uri]
    socket, words = lab.directory / "d" / "run" / "libvirt-sock", []
    for number in range(hosts):
        path = lab.directory / f"host{number}"
        if not path.is_symlink():
            path.symlink_to(socket)
        words += ["-c", f"qemu+unix:///system?socket={path}"]
    return words


def _cost(arguments: Sequence[str]) -> Cost:
    began = time.perf_counter()
    with Terminal(arguments, module="snaptui") as terminal:
        while "d0005" not in terminal.text:
            terminal.read(0.05)
        listed, pid = time.perf_counter() - began, terminal.process.pid
        while busy(terminal, pid, WINDOW) > CALM:
            continue
        return Cost(listed, resident(pid), busy(terminal, pid, IDLE))


def busy(terminal: Terminal, pid: int, seconds: float) -> float:
    """The share of a core that a process takes meanwhile."""
    before, began = ticks(pid), time.monotonic()
    terminal.rest(seconds)
    return (ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)


def fill(lab: Lab, domains: int, snapshots: int, *, images: bool = False) -> None:
    """Give a lab so many domains, each with a chain of so many snapshots' metadata.

    They are put where the daemon, which is started anew, keeps its own.

    Args:
        images: each domain has an image of its own, which has the snapshots.
    """
    lab.define("d0000")
    first = lab.image("d0000")
    for number in range(snapshots if images else 0):
        write = "qemu-io", "-f", "qcow2", "-c", f"write {number * 65536} 128k", str(first)
        subprocess.run(write, check=True, stdout=-3)
        qemu_img("snapshot", "-c", f"s{number:03}", str(first))
    xml = lab.xml("d0000", inactive=True)
    own = re.search("<uuid>(.+)</uuid>", xml)
    assert own is not None
    (lab.directory / "one.xml").write_text(
        "<domainsnapshot><name>s000</name><state>shutoff</state>"
        f"<creationTime>1767225600</creationTime>{xml}</domainsnapshot>"
    )
    lab.virsh("snapshot-create", "--redefine", "--domain", "d0000", str(lab.directory / "one.xml"))
    places = lab.directory / "d" / "etc" / "qemu", lab.directory / "d" / "lib" / "qemu" / "snapshot"
    domain = (places[0] / "d0000.xml").read_text()
    pattern = (places[1] / "d0000" / "s000.xml").read_text()
    lab.daemon.kill()
    for number in range(domains):
        name = f"d{number:04}"
        known = own[1] if number == 0 else str(uuid.UUID(int=number))
        image = lab.image(name) if images else first
        if image != first:
            shutil.copy(first, image)
        folder = places[1] / name
        folder.mkdir(exist_ok=True)
        (places[0] / f"{name}.xml").write_text(
            _as(domain, own[1], name, known).replace(str(first), str(image))
        )
        for one in range(snapshots):
            parent = f"<parent><name>s{one - 1:03}</name></parent>" if one else ""
            (folder / f"s{one:03}.xml").write_text(
                _as(pattern, own[1], name, known)
                .replace("<name>s000</name>", f"<name>s{one:03}</name>{parent}")
                .replace(str(first), str(image))
                .replace("1767225600", str(1767225600 + 3600 * one))
            )
    lab.daemon.restart()
    while len(lab.virsh("list", "--all", "--name").split()) < domains:  # it reads them
        continue


def _as(xml: str, own: str, name: str, known: str) -> str:
    return xml.replace("d0000", name).replace(own, known)


def ticks(pid: int) -> int:
    """Of the CPU, that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
