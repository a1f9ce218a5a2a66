"""Reading the facts that a plan is built on, and building it."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import overload

from snaptui.abilities import Wrong, does
from snaptui.backend.protocol import Backend
from snaptui.branches import branches_of
from snaptui.chains import NO_LAYERS, Layers, Level, chain, files_of, layers_of
from snaptui.doubts import Doubt
from snaptui.entries import Images
from snaptui.errors import Disconnected, FixedSize, ImageError, SnaptuiError
from snaptui.files import Inode, User
from snaptui.heads import read_head, read_heads
from snaptui.image_model import FileSystem, Fixed, ImageInfo, Looped, Missing, NotKnown
from snaptui.image_preflight import read_image_facts
from snaptui.inventory import Inventory, take_inventory
from snaptui.model import (
    DomainConfig,
    DomainKey,
    DomainStatus,
    Host,
    Kind,
    Lack,
    Scope,
    Snapshot,
)
from snaptui.plan import (
    adopt,
    create,
    delete,
    edit,
    extract,
    image,
    leftover,
    merge,
    overlays,
    relocate,
    revert,
    thaw,
)
from snaptui.plan.facts import Facts, OverlayUse
from snaptui.plan.grouped import grouped
from snaptui.plan.image_facts import ImageFacts
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    DomainIntent,
    EditIntent,
    HoldIntent,
    ImageApply,
    ImageCreate,
    ImageDelete,
    ImageIntent,
    Intent,
    MergeIntent,
    Plan,
    RelocateIntent,
    RemoveLeftover,
    RevertIntent,
    ThawIntent,
)
from snaptui.traces import Trace, traces_of

AnyFacts = Facts | ImageFacts


def make_plan(intent: Intent, facts: AnyFacts) -> Plan:
    """The plan for an intent, on the facts that were read for it; pure."""
    if isinstance(intent, ImageIntent):
        assert isinstance(facts, ImageFacts)
        return _image_plan(intent, facts)
    assert isinstance(facts, Facts)
    return _domain_plan(intent, facts)


def make_plans(intents: Sequence[Intent], facts: Sequence[AnyFacts]) -> tuple[Plan, ...]:
    """Plans that are carried out together or one after another.

    What files give back helps those after them, and what one needs the next one does not have.
    """
    plans: list[Plan] = []
    given: dict[str, int] = {}
    for intent, known in zip(intents, facts, strict=True):
        plan = make_plan(intent, _with_room(known, given) if isinstance(known, Facts) else known)
        plans.append(plan)
        if plan.room is not None and plan.room.space is not None:
            mount = plan.room.space.mount
            given[mount] = given.get(mount, 0) - plan.room.takes
        if isinstance(known, ImageFacts) and plan.possible:
            space, head = known.space, known.image
            if isinstance(space, FileSystem) and isinstance(head, ImageInfo):
                given[space.mount] = given.get(space.mount, 0) + head.disk_size
    return tuple(plans)


def _with_room(facts: Facts, given: Mapping[str, int]) -> Facts:
    spaces = {
        path: replace(space, free=space.free + given.get(space.mount, 0))
        if isinstance(space, FileSystem)
        else space
        for path, space in facts.spaces.items()
    }
    return replace(facts, spaces=MappingProxyType(spaces))


def _image_plan(intent: ImageIntent, facts: ImageFacts) -> Plan:
    if isinstance(intent, ImageCreate):
        return image.plan_create(intent, facts)
    if isinstance(intent, ImageApply):
        return image.plan_apply(intent, facts)
    if isinstance(intent, ImageDelete):
        return image.plan_delete(intent, facts)
    if isinstance(intent, RemoveLeftover):
        return leftover.plan(intent, facts)
    return extract.plan(intent, facts)


def _domain_plan(intent: DomainIntent, facts: Facts) -> Plan:
    if isinstance(intent, CreateIntent):
        return grouped(create.plan(intent, facts), intent, facts)
    if isinstance(intent, RevertIntent):
        return revert.plan(intent, facts)
    if isinstance(intent, DeleteIntent):
        return delete.plan(intent, facts)
    if isinstance(intent, DeleteManyIntent):
        return delete.plan_many(intent, facts)
    if isinstance(intent, EditIntent):
        return edit.plan_edit(intent, facts)
    if isinstance(intent, HoldIntent):
        return edit.plan_hold(intent, facts)
    if isinstance(intent, ThawIntent):
        return thaw.plan(intent, facts)
    if isinstance(intent, RelocateIntent):
        return relocate.plan(intent, facts)
    if isinstance(intent, MergeIntent):
        return merge.plan(intent, facts)
    return adopt.plan(intent, facts)


@overload
def read_facts(
    backend: Backend, host: Host, intent: DomainIntent, *, ask_agent: bool = True
) -> Facts: ...
@overload
def read_facts(
    backend: Backend, host: Host, intent: Intent, *, ask_agent: bool = True
) -> AnyFacts: ...
def read_facts(backend: Backend, host: Host, intent: Intent, *, ask_agent: bool = True) -> AnyFacts:
    """Read everything that a plan for ``intent`` depends on; blocks.

    Args:
        ask_agent: for a create with a freeze, and for a thaw, ask the agent in the guest: seconds
            if it is silent.

    Raises:
        SnaptuiError: what it is about cannot be read. What is missing beside is told in the
            facts instead.
    """
    if isinstance(intent, ImageIntent):
        return read_image_facts(backend, host, intent, who())
    facts = _domain_facts(backend, host, intent)
    if isinstance(intent, CreateIntent):
        facts = _with_users(backend, host, intent, facts)
        return _with_files(backend, intent, facts, ask_agent=ask_agent and not facts.busy)
    if isinstance(intent, ThawIntent):
        return replace(facts, agent=backend.agent(intent.key) if ask_agent else None)
    if isinstance(intent, MergeIntent):
        return replace(facts, overlay=_use(backend, intent, facts))
    if isinstance(intent, RevertIntent) and intent.name in facts.snapshots:
        return _with_needs(backend, intent, facts)
    return facts


def _domain_facts(backend: Backend, host: Host, intent: DomainIntent) -> Facts:
    """The same for a domain.

    Raises:
        SnaptuiError: the domain or its list of snapshots cannot be read. What is missing of
            images and single snapshots is told in the facts instead.
    """
    key = intent.key
    status = backend.status(key)
    names = backend.snapshot_names(key)
    current = backend.current_snapshot(key)
    external = backend.external_snapshots(key)
    below: tuple[str, ...] = ()
    wanted: set[str] = set()
    if isinstance(intent, DeleteManyIntent):
        wanted.update({*intent.names, *intent.strays} & set(names))
    elif isinstance(intent, CreateIntent):
        # one of a group is described anew once it is there
        wanted.update({intent.name} & set(names) if intent.group is not None else ())
    elif not isinstance(intent, ThawIntent | MergeIntent) and intent.name in names:
        wanted.add(intent.name)
        if isinstance(intent, DeleteIntent):
            below = backend.descendants(key, intent.name)
            wanted.update(below if intent.scope is not Scope.THIS else ())
        elif isinstance(intent, EditIntent):
            below = backend.children(key, intent.name)
            wanted.update(below)
        elif isinstance(intent, RevertIntent) and current is not None:
            wanted.add(current)
    moves = isinstance(intent, DeleteIntent | DeleteManyIntent | RevertIntent | RelocateIntent)
    snapshots = _snapshots(backend, key, wanted)
    layered = moves and (bool(external) or _elsewhere(status, snapshots.values()))
    layered = layered or isinstance(intent, MergeIntent)
    if layered:
        snapshots |= _snapshots(backend, key, set(names) - wanted)
    target = (
        None
        if isinstance(intent, DeleteManyIntent | ThawIntent | MergeIntent)
        else snapshots.get(intent.name)
    )
    then = target.config if target is not None else None
    others = tuple(s.config for s in snapshots.values() if s.config is not None)
    layers = NO_LAYERS
    users: Mapping[str, tuple[User, ...]] = {}
    doubts: tuple[Doubt, ...] = ()
    traces: Mapping[str, Trace] = {}
    if layered:
        layers = _layers(backend, host, status, snapshots, current)
        if _changes_layers(intent, status, snapshots, below):
            inventory = take_inventory(backend, host, layers.heads)
            own = _own_uses(backend, key)
            users, doubts = (
                _others(inventory, own, layers.heads),
                inventory.doubts_about(layers.heads),
            )
            traces = traces_of(
                status.config,
                snapshots.values(),
                layers,
                inventory.images,
                lambda path: bool(inventory.others(path, own, layers.heads)),
            )
    elif isinstance(intent, RevertIntent) and target is not None:
        written = _images((status.config, *others))
        inventory = take_inventory(backend, host, written)
        users = _others(inventory, _own_uses(backend, key), written)
        doubts = inventory.doubts_about(written)
    paths = _paths(status.config) + (_paths(then) if then is not None else ())
    images = {path: read_head(backend, path) for path in _images((status.config, *others))}
    off = not status.domain.state.active
    beneath = tuple(_beneath(backend, images, layers.heads)) if off else ()
    return Facts(
        host=host,
        who=who(),
        read_at=time.time(),
        status=status,
        names=names,
        external=external,
        current=current,
        snapshots=MappingProxyType(snapshots),
        below=below,
        images=MappingProxyType(images),
        cut_off=MappingProxyType(
            {path: last.path for path, (*_, last) in beneath if isinstance(last.image, Missing)}
        ),
        looped=MappingProxyType(
            {path: last.path for path, (*_, last) in beneath if isinstance(last.image, Looped)}
        ),
        encrypted=MappingProxyType(dict(_encrypted(images, beneath))),
        missing=MappingProxyType(
            {path: _missing(backend, path) for path in _paths(then)} if then is not None else {}
        ),
        spaces=MappingProxyType(
            {path: _space(backend, path) for path in dict.fromkeys((*paths, *_files(layers)))}
        ),
        folders=MappingProxyType(
            {folder: _folder(backend, folder) for folder in _folders(layers.heads)}
        ),
        layers=layers,
        others=users,
        doubts=doubts,
        traces=traces,
        inodes=_inodes(backend, (status.config, *others), (*layers.heads, *_levels(beneath))),
        held={} if status.domain.state.active else _held(backend, status.config),
    )


def _files(layers: Layers) -> Iterator[str]:
    """The images, and the files that hold the data of some."""
    for path, head in layers.heads.items():
        yield path
        if isinstance(head, ImageInfo) and isinstance(head.data_file, str):
            yield head.data_file


def _use(backend: Backend, intent: MergeIntent, facts: Facts) -> OverlayUse:
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


def _inodes(
    backend: Backend, configs: Iterable[DomainConfig], layers: Iterable[str]
) -> Mapping[str, Inode]:
    """Which files the disks are, and what they lie upon; blocks.

    Without the UEFI variables, which a revert may make anew from their template.
    """
    known = tuple(configs)
    disks = [disk.path for config in known for disk in config.disks if not disk.read_only]
    variables = {config.variables.path for config in known if config.variables is not None}
    paths = [path for path in (*disks, *layers) if path is not None and path not in variables]
    return MappingProxyType(backend.inodes(tuple(dict.fromkeys(paths))))


def _levels(beneath: Iterable[tuple[str, tuple[Level, ...]]]) -> Iterator[str]:
    return (level.path for _, levels in beneath for level in levels if level.path)


def _held(backend: Backend, config: DomainConfig) -> Mapping[str, str]:
    """By path of a disk's image, who of QEMU's tools has it open; blocks."""
    own = (disk for disk in config.written if not disk.read_only and not disk.shareable)
    return backend.qemu_at([disk.path for disk in own if disk.path is not None])


def _with_users(backend: Backend, host: Host, intent: CreateIntent, facts: Facts) -> Facts:
    """Who else uses the images that a create lays overlays upon, and what each lies above.

    Its undo merges into them. Of a group it is not asked: its guests may stand still meanwhile.
    """
    beneath = overlays.beneath(intent, facts.status)
    if not beneath or intent.group is not None:
        return facts
    heads = read_heads(backend, dict.fromkeys(beneath, False))
    written = [p for p, one in heads.items() if isinstance(one, ImageInfo) and one.in_writing]
    asked = dict.fromkeys((*beneath, *(written if not facts.status.domain.state.active else ())))
    inventory = take_inventory(backend, host, asked)
    found = _others(inventory, _own_uses(backend, intent.key), tuple(heads))
    users = MappingProxyType({path: who for path, who in found.items() if path in asked})
    snapshots = dict(facts.snapshots)
    name, due = facts.current, set(overlays.resolved(intent, facts.status).overlays)
    while due and name in facts.external:
        snapshots |= _snapshots(backend, intent.key, (name,))
        if name not in snapshots:
            break
        one = snapshots[name]
        due = {target for target in due if overlays.leaves_out(one, target)}
        name = one.parent
    return replace(
        facts,
        others=users,
        asked=frozenset(beneath),
        snapshots=MappingProxyType(snapshots),
    )


def _with_files(backend: Backend, intent: CreateIntent, facts: Facts, *, ask_agent: bool) -> Facts:
    """What a create also depends on: where it makes files, and what is there."""
    new = overlays.resolved(intent, facts.status)
    paths = (*_paths(facts.status.config), *(path for path in new.files if path.startswith("/")))
    folders = _folders(paths)
    there = tuple(new.overlays.values()) if new.reuse else ()
    return replace(
        facts,
        folders=MappingProxyType(
            {**facts.folders, **{folder: _folder(backend, folder) for folder in folders}}
        ),
        spaces=MappingProxyType(
            {**facts.spaces, **{folder: _space(backend, folder) for folder in folders}}
        ),
        images=MappingProxyType(
            {**facts.images, **{path: read_head(backend, path) for path in there}}
        ),
        agent=backend.agent(intent.key) if new.quiesce and ask_agent else None,
    )


def _with_needs(backend: Backend, intent: RevertIntent, facts: Facts) -> Facts:
    """What a revert also depends on: the machine and the firmware of then, and what it changes."""
    snapshot = facts.snapshots[intent.name]
    then = snapshot.config
    files = then.boot_files if then is not None else ()
    missing = {path: _missing(backend, path) for path in files}
    return replace(
        facts,
        changes=_changes(backend, intent),
        missing=MappingProxyType({**facts.missing, **missing}),
        firmware=_changed(backend, then.firmware)
        if then is not None and then.firmware and snapshot.has_memory
        else None,
        lacks=_lacks(backend, intent) if then is not None and then.machine else (),
    )


def _changed(backend: Backend, path: str) -> float | NotKnown:
    try:
        return backend.changed(path)
    except ImageError as error:
        return NotKnown(error.message)


def _lacks(backend: Backend, intent: RevertIntent) -> tuple[Lack, ...] | NotKnown:
    try:
        return backend.lacks(intent.key, intent.name)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def _changes(backend: Backend, intent: RevertIntent) -> tuple[str, ...] | NotKnown:
    try:
        return backend.config_changes(intent.key, intent.name)
    except Disconnected:
        raise
    except SnaptuiError as error:
        return NotKnown(error.message)


def _snapshots(backend: Backend, key: DomainKey, names: Iterable[str]) -> dict[str, Snapshot]:
    found = {}
    for name in sorted(names):
        try:
            found[name] = backend.snapshot(key, name)
        except Disconnected:
            raise
        except SnaptuiError:
            continue  # its absence from the facts is what the plans look at
    return found


def _beneath(
    backend: Backend, images: Images, heads: Images
) -> Iterator[tuple[str, tuple[Level, ...]]]:
    """By path of an image, what lies beneath it."""
    for path, head in images.items():
        if isinstance(head, ImageInfo) and isinstance(head.backing, str):
            raw = head.backing_format == "raw"
            known = heads if path in heads else read_heads(backend, {head.backing: raw})
            yield path, chain(head.backing, head.backing_format or "", known)


def _encrypted(
    images: Images, beneath: Iterable[tuple[str, tuple[Level, ...]]]
) -> Iterator[tuple[str, str]]:
    for path, head in images.items():
        if isinstance(head, ImageInfo) and head.encrypted:
            yield path, path
    for path, levels in beneath:
        for level in levels:
            if isinstance(level.image, ImageInfo) and level.image.encrypted:
                yield path, level.path
                break


def _elsewhere(status: DomainStatus, snapshots: Iterable[Snapshot]) -> bool:
    """Whether a disk was another image at the time of a snapshot."""
    now = set(_paths(status.config))
    then = {path for one in snapshots if one.config is not None for path in _paths(one.config)}
    return not now >= then


def _layers(
    backend: Backend,
    host: Host,
    status: DomainStatus,
    snapshots: Mapping[str, Snapshot],
    current: str | None,
) -> Layers:
    known = tuple(snapshots.values())
    heads = MappingProxyType(read_heads(backend, files_of(status.config, known)))
    keeps_memory = does(host, Wrong.KEEPS_MEMORY_FILES)
    branches = branches_of(host, status.config, known, current)
    return layers_of(status.config, known, heads, keeps_memory=keeps_memory, branches=branches)


def _changes_layers(
    intent: DomainIntent,
    status: DomainStatus,
    snapshots: Mapping[str, Snapshot],
    below: tuple[str, ...],
) -> bool:
    """Whether images are written to that others may lie upon: then all of the host is asked."""
    if isinstance(intent, RevertIntent):
        return intent.name in snapshots
    if isinstance(intent, MergeIntent):
        return True
    names: Iterable[str] = ()
    if isinstance(intent, DeleteManyIntent):
        names = intent.names
    elif isinstance(intent, DeleteIntent):
        names = (intent.name, *(below if intent.scope is not Scope.THIS else ()))
    return any(snapshots[name].kind is Kind.EXTERNAL for name in names if name in snapshots)


def _own_uses(backend: Backend, key: DomainKey) -> frozenset[User]:
    """A domain and its snapshots, as those who name files."""
    named = backend.named_files(key)
    return frozenset(file.by for file in named if not isinstance(file, Doubt))


def _others(
    inventory: Inventory, own: Collection[User], images: Collection[str]
) -> Mapping[str, tuple[User, ...]]:
    """Who else uses the images of a domain."""
    users = {path: inventory.others(path, own, images) for path in images}
    return MappingProxyType({path: who for path, who in users.items() if who})


def who() -> str:
    """The admin, as ``user@machine``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name: KeyError before Python 3.13
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _paths(config: DomainConfig) -> tuple[str, ...]:
    return tuple(disk.path for disk in config.disks if disk.path is not None)


def _images(configs: Iterable[DomainConfig]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            disk.path
            for config in configs
            for disk in config.written
            if disk.path is not None and disk.format == "qcow2"
        )
    )


def _folders(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path.rpartition("/")[0] or "/" for path in paths))


def _folder(backend: Backend, path: str) -> frozenset[str] | NotKnown:
    try:
        return backend.names_in(path)
    except ImageError as error:
        return NotKnown(error.message)


def _missing(backend: Backend, path: str) -> bool | NotKnown:
    try:
        return backend.missing_file(path)
    except ImageError as error:
        return NotKnown(error.message)


def _space(backend: Backend, path: str) -> FileSystem | NotKnown:
    try:
        return backend.file_system(path)
    except FixedSize as error:
        return Fixed(error.message)
    except ImageError as error:
        return NotKnown(error.message)
