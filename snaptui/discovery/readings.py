"""Single facts of a host that plans rest on: each is known, or it is said why it is not.

All of it blocks. A lost connection is raised; what an image, a folder or a snapshot is in the way
of being read becomes a :class:`NotKnown`, or its absence.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.files import Files
from snaptui.backend.protocol.reads import Reads
from snaptui.common.errors import Disconnected, FixedSize, ImageError, SnaptuiError
from snaptui.discovery.image_heads import read_head, read_heads
from snaptui.model.abilities import Wrong, does
from snaptui.model.apparmor import MODEL
from snaptui.model.author_mark import author
from snaptui.model.config_change import ConfigChange
from snaptui.model.domain import DomainConfig, DomainKey, DomainStatus
from snaptui.model.doubts import Doubt
from snaptui.model.files import Inode, User
from snaptui.model.host import Host
from snaptui.model.image import FileSystem, Fixed, ImageInfo, Missing, NotKnown
from snaptui.model.machine import Lack
from snaptui.model.snapshot import Snapshot
from snaptui.plan.facts import Facts, OverlayUse
from snaptui.plan.plan import MergeIntent, RevertIntent
from snaptui.storage.backing_chain import Layers, Level, chain, files_of, layers_of
from snaptui.storage.branches import branches_of
from snaptui.storage.defined_chain import Departure, departures
from snaptui.storage.in_image import Images


def overlay_use(backend: Files, intent: MergeIntent, facts: Facts) -> OverlayUse:
    """Whether somebody is at work with the overlay, as far as it can be seen; blocks."""
    made: float | NotKnown
    try:
        made = backend.birth(intent.path)
    except ImageError as error:
        made = NotKnown(error.message)
    open_in: dict[str, str] = {}
    unseen = ""
    for path in [path for path in facts.layers.in_use if path and path not in facts.layers.tops]:
        try:
            found = backend.open_beside(path, intent.key.uuid)
        except ImageError as error:
            unseen = error.message
            continue
        if found.found:
            open_in[path] = ", ".join(f"{one.name} (process {one.pid})" for one in found.found)
        if found.hidden:
            unseen = "there are processes that may not be looked into"
    return OverlayUse(made, MappingProxyType(open_in), unseen)


def inodes(
    backend: Files, configs: Iterable[DomainConfig], layers: Iterable[str]
) -> Mapping[str, Inode]:
    """Which files the disks are, and what they lie upon; blocks.

    Without the UEFI variables, which a revert may make anew from their template.
    """
    known = tuple(configs)
    disks = [disk.path for config in known for disk in config.disks if not disk.read_only]
    variables = {config.variables.path for config in known if config.variables is not None}
    paths = [path for path in (*disks, *layers) if path is not None and path not in variables]
    return MappingProxyType(backend.inodes(tuple(dict.fromkeys(paths))))


def held(backend: Files, config: DomainConfig) -> Mapping[str, str]:
    """By path of a disk's image, who of QEMU's tools has it open; blocks."""
    return backend.qemu_at(locked(config))


def raw_heads(backend: Files, config: DomainConfig) -> Images:
    """The heads of the raw images of its disks that are one QEMU's alone; blocks."""
    raw = {one.path for one in config.disks if one.format == "raw"}
    return {path: read_head(backend, path, raw=True) for path in locked(config) if path in raw}


def boot_gone(backend: Files, config: DomainConfig) -> frozenset[str]:
    """What its QEMU is started with and is gone; blocks.

    The template of its UEFI variables is only needed where these are not there.
    """
    own = config.variables.path if config.variables is not None else None
    made = own is not None and missing(backend, own) is False
    volumes = (disk.path for disk in config.disks if disk.volume is not None and disk.path)
    beneath = (place for disk in config.disks for place in disk.placed_beneath)
    files = (*config.boot_files, *config.drives, *volumes, *beneath)
    needed = (path for path in files if not (made and path == config.template))
    return frozenset(path for path in needed if missing(backend, path) is True)


def let_go(backend: Looks, status: DomainStatus, images: Images) -> frozenset[str]:
    """The images of a running domain's disks that its QEMU has let go of; blocks.

    Only QEMU can tell it, and is asked where it has what lies beneath open to write, without a
    merge of which libvirt knows.
    """
    beneath = {}
    near = backend.host is not None and backend.host.local  # of others no lock is seen
    for disk in status.config.disks if near else ():
        head = images.get(disk.path or "")
        if isinstance(head, ImageInfo) and isinstance(head.backing, str):
            raw = head.backing_format == "raw"
            lower = read_head(backend, head.backing, raw=raw)
            if isinstance(lower, ImageInfo) and lower.in_writing:
                beneath[head.path] = lower.path
    if status.busy or status.hung or status.block_jobs or not beneath:
        return frozenset()
    told = backend.written_by_qemu(status.domain.key)
    return frozenset(path for path, lower in beneath.items() if lower in told and path not in told)


def locked(config: DomainConfig) -> list[str]:
    """The images of the disks that no two QEMUs have open at a time."""
    own = (disk for disk in config.written if not disk.read_only and not disk.shareable)
    return [disk.path for disk in own if disk.path is not None]


def unlocked(backend: Files, paths: Iterable[str]) -> Mapping[str, str]:
    """By path, the type of its file system where no lock tells of other hosts; blocks."""
    found = {}
    for path in paths:
        with suppress(ImageError):  # what does not answer is told by its head
            if kind := backend.unlocked(path):
                found[path] = kind
    return MappingProxyType(found)


def changed(backend: Files, path: str) -> float | NotKnown:
    """When a file was changed last, seconds since the epoch."""
    try:
        return backend.changed(path)
    except ImageError as error:
        return NotKnown(error.message)


def confined(backend: Reads) -> bool:
    """Whether AppArmor is known to confine the guests of the host; blocks."""
    try:
        return MODEL in backend.security_models()
    except Disconnected:
        raise
    except SnaptuiError:
        return False


def lacks(backend: Reads, intent: RevertIntent) -> tuple[Lack, ...] | NotKnown:
    """What QEMU is not or has not any more of the machine of a snapshot."""
    try:
        return backend.lacks(intent.key, intent.name)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def config_changes(backend: Reads, intent: RevertIntent) -> tuple[ConfigChange, ...] | NotKnown:
    """What of the configuration a revert drops."""
    try:
        return backend.config_changes(intent.key, intent.name)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def snapshots_of(backend: Reads, key: DomainKey, names: Iterable[str]) -> dict[str, Snapshot]:
    """Those snapshots that can be read, by name."""
    begun = {name: backend.begin(partial(backend.snapshot, key, name)) for name in sorted(names)}
    found = {}
    for name, answer in begun.items():
        try:
            found[name] = answer()
        except Disconnected:
            raise
        except SnaptuiError:
            continue  # its absence from the facts is what the plans look at
    return found


def beneath(
    backend: Files, images: Images, heads: Images
) -> Iterator[tuple[str, tuple[Level, ...]]]:
    """By path of an image, what lies beneath it."""
    for path, head in images.items():
        if isinstance(head, ImageInfo) and isinstance(head.backing, str):
            raw = head.backing_format == "raw"
            known = heads if path in heads else read_heads(backend, {head.backing: raw})
            yield path, chain(head.backing, head.backing_format or "", known)


def departures_of(
    config: DomainConfig, backend: Files, images: Images, chains: Mapping[str, tuple[Level, ...]]
) -> tuple[Departure, ...]:
    """Where a definition and the images differ."""

    def below(path: str) -> tuple[Level, ...] | None:
        head = images.get(path)
        alone = isinstance(head, ImageInfo) and head.backing is None
        return () if alone else chains.get(path)

    def same(one: str, other: str) -> bool:
        return one == other or backend.real_path(one) == backend.real_path(other)

    return tuple(departures(config, below, same, partial(missing, backend)))


def cut_off(beneath: Iterable[tuple[str, tuple[Level, ...]]]) -> Iterator[tuple[str, str]]:
    """By path of an image, the one beneath it that is gone."""
    for path, levels in beneath:
        if isinstance(levels[-1].image, Missing):
            yield path, levels[-1].path


def lengths(beneath: Iterable[tuple[str, tuple[Level, ...]]]) -> Iterator[tuple[str, int]]:
    """By path of an image whose chain is known to its end, how many lie beneath it."""
    for path, levels in beneath:
        if isinstance(levels[-1].image, ImageInfo):
            yield path, len(levels)


def data_gone(
    backend: Files,
    images: Images,
    beneath: Iterable[tuple[str, tuple[Level, ...]]],
    *,
    placed: bool,
) -> Iterator[tuple[str, str]]:
    """By path of an image, the file of its data, or of those of one beneath it, that is gone.

    Args:
        placed: QEMU is told where it is. By itself it looks for a relative path in the folder in
            which it is started, not beside the image (QEMU 7.2 to 11.1).
    """
    chains = {path: [head] for path, head in images.items()}
    for path, levels in beneath:
        chains.setdefault(path, []).extend(level.image for level in levels)
    for path, heads in chains.items():
        for one in heads:
            if not isinstance(one, ImageInfo) or not isinstance(one.data_file, str):
                continue
            if one.data_beside and not placed:
                name = one.data_file.rpartition("/")[2]
                yield path, f"{name} (a relative path: QEMU looks for it where it is started)"
                break
            if missing(backend, one.data_file) is True:
                yield path, one.data_file
                break


def in_writing(
    beneath: Iterable[tuple[str, tuple[Level, ...]]], *, raw: bool = False
) -> Iterator[tuple[str, str]]:
    """By path of an image that lies upon one that a QEMU writes to, which one that is."""
    for path, levels in beneath:
        if (busy := written_to(levels, raw=raw)) is not None:
            yield path, busy


def written_to(levels: Iterable[Level], *, raw: bool = False) -> str | None:
    """The first of those beneath an image that a QEMU writes to, so that none opens the image.

    A raw one can be opened beneath others meanwhile (QEMU 7.2 to 11.1), a qcow2 cannot.

    Args:
        raw: of these too, upon which a guest is not started all the same.
    """
    for level in levels:
        lower = level.image
        if isinstance(lower, ImageInfo) and lower.in_writing and (raw or lower.format != "raw"):
            return level.path
    return None


def encrypted(
    images: Images, beneath: Iterable[tuple[str, tuple[Level, ...]]]
) -> Iterator[tuple[str, str]]:
    """By path of an image that is encrypted, or lies upon such a one, which one that is."""
    for path, head in images.items():
        if isinstance(head, ImageInfo) and head.encrypted:
            yield path, path
    for path, levels in beneath:
        for level in levels:
            if isinstance(level.image, ImageInfo) and level.image.encrypted:
                yield path, level.path
                break


def luks(
    images: Images, beneath: Iterable[tuple[str, tuple[Level, ...]]]
) -> Iterator[tuple[str, str]]:
    """By path of an image that is, or lies upon, a raw one with a LUKS header, which one it is."""
    ends = [(path, levels[-1].image) for path, levels in beneath]
    for path, end in (*images.items(), *ends):
        if isinstance(end, ImageInfo) and end.format == "raw" and (end.holds_luks or end.encrypted):
            yield path, end.path


def layers_now(
    backend: Files,
    host: Host,
    status: DomainStatus,
    snapshots: Mapping[str, Snapshot],
    current: str | None,
) -> Layers:
    """The backing chains of a domain and of its snapshots, from the heads of their images."""
    known = tuple(snapshots.values())
    heads = MappingProxyType(read_heads(backend, files_of(status.config, known)))
    keeps_memory = does(host, Wrong.KEEPS_MEMORY_FILES)
    branches = branches_of(host, status.config, known, current)
    return layers_of(status.config, known, heads, keeps_memory=keeps_memory, branches=branches)


def own_uses(backend: Reads, key: DomainKey) -> frozenset[User]:
    """A domain and its snapshots, as those who name files."""
    named = backend.named_files(key)
    return frozenset(file.by for file in named if not isinstance(file, Doubt))


def who() -> str:
    """The admin, as ``user@machine``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name: KeyError before Python 3.13
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def signature() -> str:
    """How this account signs the snapshots that it takes; with sudo also who called it."""
    return author(who(), os.environ.get("SUDO_USER", ""))


def folder_names(backend: Files, path: str) -> frozenset[str] | NotKnown:
    """The names in a directory."""
    try:
        return backend.names_in(path)
    except ImageError as error:
        return NotKnown(error.message)


def missing(backend: Files, path: str) -> bool | NotKnown:
    """Whether there is no such file."""
    try:
        return backend.missing_file(path)
    except ImageError as error:
        return NotKnown(error.message)


def space(backend: Files, path: str) -> FileSystem | NotKnown:
    """The file system, or the device, that a path lies on."""
    try:
        return backend.file_system(path)
    except FixedSize as error:
        return Fixed(error.message)
    except ImageError as error:
        return NotKnown(error.message)
