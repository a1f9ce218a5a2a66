"""What the image files of a host are for: who names them, and which ones nobody does.

A file is in use when a domain (live or defined), a snapshot, or another image (as the one
beneath it, or for its data) names it. What could not be read is a *doubt*: whoever builds on
"nobody names it" must heed those that reach it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import DamagedImage, Disconnected, NotAnImage, NotFound, SnaptuiError
from snaptui.model.domain import Domain, DomainKey
from snaptui.model.doubts import Doubt, Unread
from snaptui.model.files import NamedFile, User
from snaptui.model.host import Host
from snaptui.model.image import ImageInfo, NoPath, NotKnown
from snaptui.storage.backing_chain import uses_by
from snaptui.storage.inventory import Inventory

Named = Mapping[DomainKey, Sequence[NamedFile | Doubt]]
"""What domains and their snapshots name, by domain."""
NOTHING: Named = MappingProxyType({})


def take_inventory(
    backend: Looks, host: Host, also: Iterable[str] = (), *, named: Named = NOTHING
) -> Inventory:
    """Ask every domain, snapshot and pool, and look into the images; blocks for long.

    Args:
        also: paths of images to look into, and beside which to look, whoever names them.
        named: what domains said a moment ago, which are not asked again: good enough to show,
            not to delete by.

    Raises:
        SnaptuiError: the host cannot be asked at all.
    """
    taking = _Taking(backend, host, also)
    domains = foresee(backend, named)
    for domain in domains:
        taking.ask(domain, named.get(domain.key))
    taking.look_into_pools()
    taking.look_into_folders()
    taking.look_beneath()
    return Inventory(
        holders={path: tuple(users) for path, users in taking.holders.items()},
        images={path: image for path, image in taking.heads.items() if image.format == "qcow2"},
        doubts=tuple(dict.fromkeys(taking.doubts)),
        domains=len(domains),
        real=taking.real,
        linked=frozenset(taking.linked),
    )


def foresee(backend: Reads, named: Named = NOTHING) -> tuple[Domain, ...]:
    """The domains of a host; what they and the pools name is asked for, if it is far."""
    backend.begin(backend.volumes)
    domains = backend.domains()
    for domain in domains:
        if domain.key not in named:
            backend.begin(partial(backend.named_files, domain.key))
    return domains


def own_bytes(backend: Files, path: str) -> int:
    """Bytes of a disk that an overlay holds by itself, zeros that were written to it among them.

    All tables of it and of the image beneath are read.

    Raises:
        ImageError: it cannot be known.
    """
    head = backend.image(path)
    if head.backing is None:  # it is no overlay
        return head.disk_size
    found = backend.overlap(path, lambda *_: None)
    return found.both + found.only_upper + found.zeros_both + found.zeros_only_upper


class _Taking:
    def __init__(self, backend: Looks, host: Host, also: Iterable[str]) -> None:
        self._backend = backend
        self._local = host.local
        self.holders: dict[str, dict[User, None]] = {}
        self.doubts: list[Doubt] = []
        self.heads: dict[str, ImageInfo] = {}
        self.real: dict[str, str] = {}
        self.linked: set[str] = set()
        self._raw: dict[str, bool] = {}
        self._idle: set[str] = set()
        self._due: set[str] = {self._real(path) for path in also}

    def ask(self, domain: Domain, named: Sequence[NamedFile | Doubt] | None) -> None:
        """What a domain and its snapshots name, if that is not known."""
        with self._doubting(Unread.DEFINITION, domain.name):
            for found in self._backend.named_files(domain.key) if named is None else named:
                if isinstance(found, Doubt):
                    self._doubt(found)
                    self._look_for(found)
                    continue
                self._hold(found.path, found.by)
                if found.image:
                    real = self._real(found.path)
                    self._due.add(real)
                    self._raw[real] = found.raw and self._raw.get(real, True)

    def _look_for(self, doubt: Doubt) -> None:
        """A volume that has no path may lie upon any image: its directory is looked into."""
        if doubt.what is Unread.VOLUME and doubt.places is not None:
            if self._local:
                self._idle |= {self._real(place) for place in doubt.places}
            else:
                self._doubt(Doubt(Unread.IMAGE, doubt.name, doubt.reason))

    def look_into_pools(self) -> None:
        """What the storage pools hold."""
        with self._doubting(Unread.POOLS, ""):
            found = self._backend.volumes()
            for doubt in found.doubts:
                self._doubt(doubt)
            self._due |= {self._real(path) for path in found.paths}
            self._idle |= {self._real(folder) for folder in found.idle}

    def look_into_folders(self) -> None:
        """What lies beside all these; of other hosts only the pools can be seen."""
        if not self._local:
            return
        folders = {*self._idle, *(os.path.dirname(path) for path in self._due)} - {"/"}
        for folder in folders:
            if folder in self._idle and self._gone(folder):
                continue
            if not folder.startswith("/dev"):
                places = frozenset((folder,)) if folder in self._idle else None
                with self._doubting(Unread.FOLDER, folder, places):
                    found = self._backend.qcow2_in(folder)
                    self.doubts += found.doubts
                    real = {self._real(path) for path in found.paths}
                    self._due |= real
                    self.linked |= {one for one in real if os.path.dirname(one) not in folders}

    def _gone(self, folder: str) -> bool:
        gone = False
        with self._doubting(Unread.FOLDER, folder, frozenset((folder,))):
            gone = self._backend.missing_file(folder)
        return gone

    def look_beneath(self) -> None:
        """Read the heads, and those of what lies beneath."""
        seen: set[str] = set()
        self._foresee(self._due)
        while self._due:
            path = self._due.pop()
            seen.add(path)
            with self._doubting(Unread.IMAGE, path):
                if self._local and self._backend.missing_file(path):
                    continue
                raw = self._raw.get(path, False)
                uses = uses_by(path)
                try:
                    head = self._backend.image(path, raw=raw)
                except DamagedImage as error:
                    if error.beneath is None:
                        raise
                    self._lie(error.beneath, uses[0], seen)
                    continue
                self.heads[path] = head
                for beneath, use in zip((head.backing, head.data_file), uses, strict=True):
                    files = _files(beneath)
                    if files is None and isinstance(beneath, NotKnown):
                        self._doubt(Doubt(Unread.BENEATH, path, beneath.reason))
                    self._lie(files or (), use, seen)

    def _lie(self, files: Iterable[str], use: User, seen: set[str]) -> None:
        """An image uses files, which are looked into as well."""
        for file in files:
            self._hold(file, use)
            if (real := self._real(file)) not in seen and real not in self._due:
                self._due.add(real)
                self._foresee((real,))

    def _foresee(self, paths: Iterable[str]) -> None:
        """Begin to read heads, if the host is far."""
        for path in paths:
            raw = self._raw.get(path, False)
            self._backend.begin(partial(self._backend.image, path, raw=raw))

    def _hold(self, path: str, by: User) -> None:
        self.holders.setdefault(self._real(path), {})[by] = None

    def _real(self, path: str) -> str:
        if path not in self.real:
            self.real[path] = path
            with self._doubting(Unread.IMAGE, path):
                self.real[path] = self._backend.real_path(path)
        return self.real[path]

    def _doubt(self, doubt: Doubt) -> None:
        places = doubt.places
        if places is not None:
            places = places | {self._real(place) for place in places}
        self.doubts.append(replace(doubt, places=places))

    @contextmanager
    def _doubting(
        self, what: Unread, name: str, places: frozenset[str] | None = None
    ) -> Iterator[None]:
        """What cannot be read is told, and the rest goes on."""
        try:
            yield
        except Disconnected:
            raise
        except (NotFound, NotAnImage):
            pass  # it is gone, or a directory of a pool, and names nothing
        except SnaptuiError as error:
            self.doubts.append(Doubt(what, name, error.message, places))


def _files(beneath: str | NotKnown | None) -> Collection[str] | None:
    """The files of the host that an image may open for what it names; ``None``: any."""
    if isinstance(beneath, NotKnown):
        return beneath.files if isinstance(beneath, NoPath) else None
    return () if beneath is None else (beneath,)
