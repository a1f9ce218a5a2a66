"""A host whose every text is hostile: what libvirt, images or a guest can be made to say."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError, ImageError
from snaptui.model.config_change import Change, ConfigChange
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import Domain, DomainConfig, DomainKey, DomainState, DomainStatus
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import FileId, Found, NamedFile, Opener, Openers, User
from snaptui.model.guest_agent import Agent, AgentState
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, ImageInfo, ImageSnapshot, NotKnown
from snaptui.model.snapshot import Snapshot, SnapshotDisk, SnapshotSummary
from snaptui.storage.qcow2.usage import ImageUsage

GROUP = "[group-20261125T120000Z-4f2a of 2, within 1.8 s]"


class HostileHost(LibvirtBackend):
    """libvirt's test driver, in whose answers every text is another one.

    Args:
        text: it.
        failing: everything that can be asked of a domain or an image is an error of this text.
    """

    def __init__(self, text: str, *, failing: bool = False) -> None:
        super().__init__("test:///default")
        self.local = True
        self.text = text
        self._failing = failing
        self.name = f"a{text}"
        self.safety = f"safety-20261124T060000Z-{text}"
        self.path = "/img/" + text.replace("\0", "").replace("\ud800", "")  # no path holds these

    def jump_host(self) -> str:
        return ""

    def connect(self, *, interactive: bool = False) -> Host:
        host = super().connect(interactive=interactive)
        named = replace(host, hostname=self.text, label=self.text, driver=self.text)
        return replace(named, libvirt=(9, 0, 0), hypervisor=(7, 2, 22), local=True)

    def _fail(self) -> None:
        if self._failing:
            raise HostError(f"no: {self.text}", hint=self.text, title=self.text)

    def domains(self) -> tuple[Domain, ...]:
        return tuple(
            Domain(domain.key, f"{at}{self.text}", DomainState.PAUSED, NotKnown(self.text))
            for at, domain in enumerate(super().domains())
        )

    def summary(self, key: DomainKey) -> SnapshotSummary:
        self._fail()
        return SnapshotSummary(4, int(time.time()), self.text)

    def snapshot_names(self, key: DomainKey) -> tuple[str, ...]:
        self._fail()
        return (self.name, f"{self.name}2", self.safety, f"unread{self.text}")

    def external_snapshots(self, key: DomainKey) -> tuple[str, ...]:
        return ()

    def children(self, key: DomainKey, name: str) -> tuple[str, ...]:
        return (f"{self.name}2",) if name == self.name else ()

    descendants = children

    def current_snapshot(self, key: DomainKey) -> str | None:
        return f"{self.name}2"

    def snapshot(self, key: DomainKey, name: str) -> Snapshot:
        if name.startswith("unread"):
            raise HostError(self.text, hint=self.text)
        parent = None if name == self.name else self.name
        parts = (SnapshotDisk("vda", Presence.INTERNAL), SnapshotDisk(self.text, Presence.NO))
        memory = Presence.INTERNAL
        return Snapshot(
            name, parent, 1_795_000_000, self.text, f"{self.text}\n{GROUP}", memory, None, parts,
            self.config(key), False, name,
        )  # fmt: skip

    def snapshot_xml(self, key: DomainKey, name: str) -> str:
        self._fail()
        return f"<domainsnapshot>{self.text}</domainsnapshot>"

    def domain_xml(self, key: DomainKey) -> str:
        return self.snapshot_xml(key, "")

    def config(self, key: DomainKey) -> DomainConfig:
        self._fail()
        disks = (
            Disk("vda", "disk", "file", self.path, "qcow2"),
            Disk(self.text, self.text, self.text, None, self.text),
        )
        return DomainConfig(disks, 1 << 30, False, (self.text,), "")

    def config_changes(
        self, key: DomainKey, name: str, later: str | None = None
    ) -> tuple[ConfigChange, ...]:
        return (
            ConfigChange(Change.ADDED, self.text),
            ConfigChange(Change.VALUE, self.text, self.text, self.text),
        )

    def status(self, key: DomainKey) -> DomainStatus:
        (domain,) = self.domains()
        return DomainStatus(domain, self.config(key), True, False, False, False, (self.text,))

    def agent(self, key: DomainKey) -> Agent:
        return Agent(AgentState.SILENT, (self.text,), self.text)

    @property
    def _doubt(self) -> Doubt:
        return Doubt(Unread.POOL, self.text, self.text)

    def named_files(self, key: DomainKey) -> tuple[NamedFile | Doubt, ...]:
        self._fail()
        return NamedFile(self.path, User(self.text), True), self._doubt

    def volumes(self) -> Found:
        return Found((f"{self.path}.free",), (self._doubt,))

    def qcow2_in(self, folder: str) -> Found:
        return Found((f"{self.path}.free", f"{self.path}.free2"), (self._doubt,))

    def image(self, path: str, *, raw: bool = False) -> ImageInfo:
        if self._failing:
            raise ImageError(f"{path}: {self.text}", hint=self.text)
        names = (self.name, f"{self.name}2", f"inside{self.text}", f"twin{self.text}")
        inside = [
            ImageSnapshot(f"{at}{self.text}", name, 1_795_000_000, at)
            for at, name in enumerate((*names, names[-1]))
        ]
        return ImageInfo(
            path, "qcow2", 1 << 30, 1 << 20, tuple(inside), f"{self.path}.base", self.text,
            NotKnown(self.text), False, (self.text,),
        )  # fmt: skip

    def count_image(self, path: str, progress: Callable[[int, int], None]) -> ImageUsage:
        raise ImageError(f"{path}: {self.text}", hint=self.text)

    def missing_file(self, path: str) -> bool:
        return False

    def file_system(self, path: str) -> FileSystem:
        return FileSystem(path, 1 << 40, 1 << 39, 0, f"/{self.text}", self.text)

    def names_in(self, path: str) -> frozenset[str]:
        return frozenset({self.text})

    def entries_as_now(self, path: str) -> frozenset[str]:
        raise ImageError(self.text)

    def openers(self, path: str) -> Openers:
        return Openers((Opener(self.text, 1),), True)

    def may_write(self, path: str) -> bool:
        raise ImageError(self.text)

    def copy_size(self, path: str, entry_id: str) -> int:
        raise ImageError(self.text)

    def file_id(self, path: str) -> FileId | None:
        return FileId((1, 2), 3, 4, 2)


def write_journal(directory: Path, text: str) -> None:
    """What an earlier run is said to have done, cut short and not."""
    directory.mkdir(parents=True)
    lines = []
    for number in (1, 2):
        began = {
            "host": text, "uuid": text, "domain": text, "title": f"{number}{text}", "who": text,
            "time": 1_795_000_000 + number, "copies": text, "image": text * (number - 1),
            "steps": [[text, text, text, text]],
        }  # fmt: skip
        lines += [
            {"operation": number, "event": "begin", **began},
            {"operation": number, "event": "step", "step": 0, "time": 1_795_000_003},
            {"operation": number, "event": "found", "words": text},
        ]
    ended = {"outcome": text, "error": text, "hint": text, "time": 1_795_000_009}
    lines.append({"operation": 2, "event": "end", **ended})
    journal = directory / "journal-20261125T000000Z-1.jsonl"
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
