"""Reading the facts that a plan of a domain is built on."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import overload

from snaptui.backend.protocol.backend import Looks
from snaptui.backend.protocol.reads import Reads
from snaptui.common.ahead import Tell, nobody
from snaptui.discovery import readings
from snaptui.discovery.image_facts import read_image_facts
from snaptui.discovery.image_heads import read_head, read_heads
from snaptui.discovery.inventory import foresee, take_inventory
from snaptui.model.abilities import Can, can, differs_by_build
from snaptui.model.choices import Scope
from snaptui.model.domain import DomainConfig, DomainStatus
from snaptui.model.doubts import Doubt
from snaptui.model.files import User
from snaptui.model.host import Host
from snaptui.model.image import ImageInfo, Looped
from snaptui.model.snapshot import Kind, Snapshot
from snaptui.plan.create import overlay_paths
from snaptui.plan.facts import Facts
from snaptui.plan.plan import (
    CreateIntent,
    DeleteIntent,
    DeleteManyIntent,
    DomainIntent,
    EditIntent,
    ImageIntent,
    Intent,
    MergeIntent,
    RelocateIntent,
    RevertIntent,
    ThawIntent,
)
from snaptui.plan.planner import AnyFacts
from snaptui.storage.backing_chain import NO_LAYERS, Layers, Level
from snaptui.storage.defined_chain import Departure
from snaptui.storage.inventory import Inventory
from snaptui.storage.traces import Trace, traces_of


@overload
def read_facts(
    backend: Looks,
    host: Host,
    intent: DomainIntent,
    *,
    ask_agent: bool = True,
    tell: Tell = nobody,
) -> Facts: ...
@overload
def read_facts(
    backend: Looks, host: Host, intent: Intent, *, ask_agent: bool = True, tell: Tell = nobody
) -> AnyFacts: ...
def read_facts(
    backend: Looks, host: Host, intent: Intent, *, ask_agent: bool = True, tell: Tell = nobody
) -> AnyFacts:
    """Read everything that a plan for ``intent`` depends on; blocks.

    Args:
        ask_agent: for a create with a freeze, and for a thaw, ask the agent in the guest: seconds
            if it is silent.
        tell: is told how far it is, where the host is far.

    Raises:
        SnaptuiError: what it is about cannot be read. What is missing beside is told in the
            facts instead.
    """
    backend = backend.reading(intent.key, tell)
    if isinstance(intent, ImageIntent):
        return read_image_facts(backend, host, intent, readings.who())
    if isinstance(intent, RevertIntent):
        return _revert_facts(backend, host, intent)
    facts = _domain_facts(backend, host, intent)
    if isinstance(intent, CreateIntent):
        facts = _with_users(backend, host, intent, facts)
        return _with_files(backend, intent, facts, ask_agent=ask_agent and not facts.busy)
    if isinstance(intent, ThawIntent):
        return replace(facts, agent=backend.agent(intent.key) if ask_agent else None)
    encrypted = any(disk.encryption for disk in facts.status.config.disks)
    off = not facts.status.domain.state.active
    if isinstance(intent, DeleteIntent | DeleteManyIntent) and encrypted and off:
        return replace(facts, keys_gone=backend.keys_gone(intent.key))
    if isinstance(intent, MergeIntent):
        return replace(facts, overlay=readings.overlay_use(backend, intent, facts))
    return facts


def _domain_facts(backend: Looks, host: Host, intent: DomainIntent) -> Facts:
    """The same for a domain.

    Raises:
        SnaptuiError: the domain or its list of snapshots cannot be read. What is missing of
            images and single snapshots is told in the facts instead.
    """
    key = intent.key
    makes = isinstance(intent, CreateIntent | RevertIntent)
    if makes and differs_by_build(host):
        host = replace(host, build=backend.build())
    begun = backend.begin(partial(backend.status, key))
    current_name = backend.begin(partial(backend.current_snapshot, key))
    external_names = backend.begin(partial(backend.external_snapshots, key))
    confined = backend.begin(partial(readings.confined, backend)) if makes else None
    moves = isinstance(intent, DeleteIntent | DeleteManyIntent | RevertIntent | RelocateIntent)
    if moves or isinstance(intent, MergeIntent):
        backend.begin(partial(foresee, backend))
    names = backend.snapshot_names(key)
    status, current, external = begun(), current_name(), external_names()
    for path in _images((status.config,)):
        backend.begin(partial(read_head, backend, path))
    wanted, below = _asked_for(backend, intent, names, current)
    snapshots = readings.snapshots_of(backend, key, wanted)
    layered = moves and (bool(external) or _elsewhere(status, snapshots.values()))
    layered = layered or isinstance(intent, MergeIntent)
    if layered:
        snapshots |= readings.snapshots_of(backend, key, set(names) - wanted)
    named = None if isinstance(intent, DeleteManyIntent | ThawIntent | MergeIntent) else intent.name
    target = snapshots.get(named) if named is not None else None
    then = target.config if target is not None else None
    others = tuple(s.config for s in snapshots.values() if s.config is not None)
    written = _images((status.config, *others))
    layers, changed = NO_LAYERS, isinstance(intent, RevertIntent) and target is not None
    if layered:
        layers = readings.layers_now(backend, host, status, snapshots, current)
        changed = _changes_layers(intent, status, snapshots, below)
    # what is inside and not known here may be another domain's, where two are on one file
    changed = changed or (isinstance(intent, DeleteManyIntent) and bool(intent.unmanaged))
    users: Mapping[str, tuple[User, ...]] = {}
    doubts: tuple[Doubt, ...] = ()
    traces: Mapping[str, Trace] = {}
    if changed:
        at_stake = layers.heads if layered else written
        inventory, own = take_inventory(backend, host, at_stake), readings.own_uses(backend, key)
        users, doubts = _others(inventory, own, at_stake), inventory.doubts_about(at_stake)
        if layered:
            traces = traces_of(
                status.config,
                snapshots.values(),
                layers,
                inventory.images,
                lambda path: bool(inventory.others(path, own, layers.heads)),
            )
    paths = (*_paths(status.config), *(_paths(then) if then is not None else ()))
    heads = backend.together(partial(read_head, backend, path) for path in written)
    facts = Facts(
        host=host,
        who=readings.who(),
        read_at=time.time(),
        status=status,
        names=names,
        external=external,
        current=current,
        snapshots=MappingProxyType(snapshots),
        below=below,
        images=MappingProxyType(dict(zip(written, heads, strict=True))),
        missing=MappingProxyType(
            {path: readings.missing(backend, path) for path in (_paths(then) if then else ())}
        ),
        spaces=MappingProxyType(
            {
                path: readings.space(backend, path)
                for path in dict.fromkeys((*paths, *_files(layers)))
            }
        ),
        folders=MappingProxyType(
            {folder: readings.folder_names(backend, folder) for folder in _folders(layers.heads)}
        ),
        layers=layers,
        others=users,
        doubts=doubts,
        traces=traces,
        apparmor=confined is not None and confined(),
    )
    halts = isinstance(intent, CreateIntent) and intent.halt
    return _with_chains(backend, facts, (status.config, *others), halts=halts)


def _with_chains(
    backend: Looks, facts: Facts, configs: Iterable[DomainConfig], *, halts: bool
) -> Facts:
    """What the images lie upon, which files they are, and who has them open.

    Args:
        halts: a domain that is active is off afterwards.
    """
    config, off = facts.status.config, not facts.status.domain.state.active
    heads, images = facts.layers.heads, facts.images
    placed = can(facts.host, Can.PLACE_DATA_FILES)
    chains = tuple(readings.beneath(backend, images, heads))
    beneath = chains if off else ()

    raw = readings.raw_heads(backend, config) if off else {}

    def of(one: DomainConfig) -> tuple[Departure, ...]:
        return readings.departures_of(one, backend, images, dict(chains))

    return replace(
        facts,
        cut_off=MappingProxyType(dict(readings.cut_off(chains))),
        beneath=MappingProxyType(dict(readings.lengths(chains))),
        data_gone=MappingProxyType(
            dict(readings.data_gone(backend, images, chains, placed=placed))
        ),
        in_writing=MappingProxyType(dict(readings.in_writing(beneath))),
        no_start_upon=MappingProxyType(dict(readings.in_writing(beneath, raw=True))),
        looped=MappingProxyType(
            {path: last.path for path, (*_, last) in beneath if isinstance(last.image, Looped)}
        ),
        departures=of(config),
        recorded_departures=MappingProxyType(
            {name: of(one.config) for name, one in facts.snapshots.items() if one.config}
        ),
        encrypted=MappingProxyType(dict(readings.encrypted(images, beneath))),
        luks=MappingProxyType(dict(readings.luks({**heads, **images, **raw}, chains))),
        inodes=readings.inodes(backend, configs, (*heads, *_levels(beneath))),
        held=readings.held(backend, config) if off else {},
        boot_gone=readings.boot_gone(backend, config) if off or halts else frozenset(),
        raw_locked=frozenset(
            path for path, head in raw.items() if isinstance(head, ImageInfo) and head.locked
        ),
        let_go=frozenset() if off else readings.let_go(backend, facts.status, images),
        unlocked=readings.unlocked(backend, readings.locked(config)) if off else {},
    )


def _asked_for(
    backend: Reads, intent: DomainIntent, names: Collection[str], current: str | None
) -> tuple[set[str], tuple[str, ...]]:
    """Names of the snapshots that an intent is about, and of those below it."""
    key = intent.key
    below: tuple[str, ...] = ()
    wanted: set[str] = set()
    if isinstance(intent, DeleteManyIntent):
        wanted.update({*intent.names, *intent.unmanaged} & set(names))
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
    return wanted, below


def _files(layers: Layers) -> Iterator[str]:
    """The images, and the files that hold the data of some."""
    for path, head in layers.heads.items():
        yield path
        if isinstance(head, ImageInfo) and isinstance(head.data_file, str):
            yield head.data_file


def _levels(beneath: Iterable[tuple[str, tuple[Level, ...]]]) -> Iterator[str]:
    return (level.path for _, levels in beneath for level in levels if level.path)


def _with_users(backend: Looks, host: Host, intent: CreateIntent, facts: Facts) -> Facts:
    """Who else uses the images that a create lays overlays upon, and what each lies above.

    Its undo merges into them. Of a group it is not asked: its guests may stand still meanwhile.
    """
    beneath = overlay_paths.beneath(intent, facts)
    if not beneath or intent.group is not None:
        return facts
    heads = read_heads(backend, dict.fromkeys(beneath, False))
    written = [p for p, one in heads.items() if isinstance(one, ImageInfo) and one.in_writing]
    asked = dict.fromkeys((*beneath, *(written if not facts.status.domain.state.active else ())))
    inventory = take_inventory(backend, host, asked)
    found = _others(inventory, readings.own_uses(backend, intent.key), tuple(heads))
    users = MappingProxyType({path: who for path, who in found.items() if path in asked})
    snapshots = dict(facts.snapshots)
    name, due = facts.current, set(overlay_paths.resolved(intent, facts).overlays)
    while due and name in facts.external:
        snapshots |= readings.snapshots_of(backend, intent.key, (name,))
        if name not in snapshots:
            break
        one = snapshots[name]
        due = {target for target in due if overlay_paths.leaves_out(one, target)}
        name = one.parent
    return replace(
        facts,
        others=users,
        asked=frozenset(beneath),
        snapshots=MappingProxyType(snapshots),
    )


def _with_files(backend: Looks, intent: CreateIntent, facts: Facts, *, ask_agent: bool) -> Facts:
    """What a create also depends on: where it makes files, and what is there."""
    new = overlay_paths.resolved(intent, facts)
    paths = (*_paths(facts.status.config), *(path for path in new.files if path.startswith("/")))
    folders = _folders(paths)
    there = tuple(new.overlays.values()) if new.reuse else ()
    return replace(
        facts,
        folders=MappingProxyType(
            {
                **facts.folders,
                **{folder: readings.folder_names(backend, folder) for folder in folders},
            }
        ),
        spaces=MappingProxyType(
            {**facts.spaces, **{folder: readings.space(backend, folder) for folder in folders}}
        ),
        images=MappingProxyType(
            {**facts.images, **{path: read_head(backend, path) for path in there}}
        ),
        agent=backend.agent(intent.key) if new.quiesce and ask_agent else None,
    )


def _revert_facts(backend: Looks, host: Host, intent: RevertIntent) -> Facts:
    """With the machine and the firmware of then, and what a revert changes."""
    changes = backend.begin(partial(readings.config_changes, backend, intent))
    lacks = backend.begin(partial(readings.lacks, backend, intent))
    facts = _domain_facts(backend, host, intent)
    snapshot = facts.snapshots.get(intent.name)
    if snapshot is None:
        return facts
    then = snapshot.config
    files = then.boot_files if then is not None else ()
    missing = {path: readings.missing(backend, path) for path in files}
    return replace(
        facts,
        changes=changes(),
        missing=MappingProxyType({**facts.missing, **missing}),
        firmware=readings.changed(backend, then.firmware)
        if then is not None and then.firmware and snapshot.has_memory
        else None,
        lacks=lacks() if then is not None and then.machine else (),
    )


def _elsewhere(status: DomainStatus, snapshots: Iterable[Snapshot]) -> bool:
    """Whether a disk was another image at the time of a snapshot."""
    now = set(_paths(status.config))
    then = {path for one in snapshots if one.config is not None for path in _paths(one.config)}
    return not now >= then


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


def _others(
    inventory: Inventory, own: Collection[User], images: Collection[str]
) -> Mapping[str, tuple[User, ...]]:
    """Who else uses the images of a domain."""
    users = {path: inventory.others(path, own, images) for path in images}
    return MappingProxyType({path: who for path, who in users.items() if who})


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
