"""What a step asks the host for, and what must be true before and after it; calls block."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import overload

from snaptui.backend.protocol.backend import Backend
from snaptui.backend.protocol.changes import Changes
from snaptui.backend.protocol.files import Files
from snaptui.common import text
from snaptui.common.errors import ImageError
from snaptui.model.domain import Amount, DomainKey, Key
from snaptui.model.host import Host
from snaptui.model.image import FileSystem
from snaptui.plan.change import Change, Difference
from snaptui.plan.checks.free_space import table_refusals
from snaptui.plan.differences import differences as domain_differences
from snaptui.plan.facts import Facts
from snaptui.plan.image_facts import ImageFacts, image_differences
from snaptui.plan.plan import Step
from snaptui.plan.planner import AnyFacts
from snaptui.plan.steps.domain import CreateSnapshot, DeleteSnapshot, DomainStep, PowerOff, RevertTo
from snaptui.plan.steps.group import FreezeGuest, ThawGuest
from snaptui.plan.steps.image import (
    AddEntry,
    ApplyEntry,
    DeleteEntry,
    ExtractEntry,
    ImageStep,
    RemoveAside,
    SetAside,
)
from snaptui.plan.steps.merge import MergeOverlay
from snaptui.plan.steps.metadata import Adopt, Redefine, Relocate
from snaptui.storage.in_image import internal_disks

FULL = 1 << 20
"""Bytes; where fewer are free a file system is as good as full."""


def differences(expected: AnyFacts, found: AnyFacts) -> tuple[Difference, ...]:
    """What is otherwise than expected; both are of the same thing."""
    if isinstance(expected, ImageFacts) and isinstance(found, ImageFacts):
        return image_differences(expected, found)
    assert isinstance(expected, Facts)
    assert isinstance(found, Facts)
    return domain_differences(expected, found)


@overload
def expected_after(step: Step, before: Facts) -> Facts: ...
@overload
def expected_after(step: Step, before: AnyFacts) -> AnyFacts: ...
def expected_after(step: Step, before: AnyFacts) -> AnyFacts:
    """What the facts must be after a step."""
    if isinstance(step, ImageStep):
        assert isinstance(before, ImageFacts)
        return step.expected(before)
    assert isinstance(before, Facts)
    return step.expected(before)


def in_the_way(step: Step, expected: AnyFacts, found: AnyFacts) -> tuple[Difference, ...]:
    """What is otherwise than the plan expects; empty when the step may be taken."""
    changed = (*_other_version(expected.host, found.host), *differences(expected, found))
    if isinstance(expected, Facts) and isinstance(found, Facts):
        opened = found.held.items() - expected.held.items()
        changed += tuple(Difference(Change.OPENED, path, now=who) for path, who in sorted(opened))
    if isinstance(step, CreateSnapshot) and isinstance(found, Facts):
        return changed + step.in_the_way(found)
    if isinstance(step, ExtractEntry) and isinstance(found, ImageFacts):
        return changed + step.in_the_way(found)
    return changed


def no_room(step: Step, found: AnyFacts) -> tuple[Difference, ...]:
    """Images that would keep the data while libvirt drops the metadata; empty where none would."""
    if not isinstance(step, DeleteSnapshot) or step.metadata_only or not isinstance(found, Facts):
        return ()
    written = {disk.path for disk in internal_disks(step.snapshot)}
    return tuple(
        Difference(Change.NO_ROOM, dict(one.names)["path"], now=one.words)
        for one in table_refusals(found, written)
    )


def _other_version(was: Host, now: Host) -> Iterator[Difference]:
    """A plan is true for the versions that it was made for."""
    versions = (("libvirt", was.libvirt, now.libvirt), ("QEMU", was.hypervisor, now.hypervisor))
    for what, before, after in versions:
        if before is not None and after is not None and before != after:
            numbers = (".".join(map(str, version)) for version in (before, after))
            yield Difference(Change.VERSION, what, *numbers)


def what_is_full(facts: AnyFacts) -> str:
    """The file systems on which hardly anything is free, as a sentence; empty when none is."""
    spaces = {facts.path: facts.space} if isinstance(facts, ImageFacts) else facts.spaces
    full = {
        f"{text.size(space.free)} are free for {path}"
        for path, space in spaces.items()
        if isinstance(space, FileSystem) and space.free < FULL
    }
    return f"Only {', '.join(sorted(full))}: F shows what can go." if full else ""


def perform(backend: Backend, key: Key, step: Step, progress: Callable[[float], None]) -> None:
    """Ask the host for a step.

    Args:
        progress: called with the share that is done, where it can be told; what it raises
            ends the step.

    Raises:
        SnaptuiError: it refuses, or did not answer.
    """
    if isinstance(step, ImageStep):
        _change_image(backend, step, progress)
    else:
        assert isinstance(key, DomainKey)
        _change_domain(backend, key, step, progress)


class Job:
    """What libvirt does for a step and tells something of: the RAM is saved, or images merged."""

    def __init__(self, backend: Backend, key: DomainKey, step: Step) -> None:
        self._backend = backend
        self._key = key
        self._step = step
        self._merged: dict[str, Amount] = {}

    @classmethod
    def of(cls, backend: Backend, key: Key, step: Step) -> Job | None:
        """The job of a step; ``None`` where libvirt tells nothing, or only when it is over."""
        told = step.ram_file is not None or step.merges
        return cls(backend, key, step) if isinstance(key, DomainKey) and told else None

    def look(self, *, unwanted: bool) -> Amount | None:
        """How far it is; ``None`` while it has not begun.

        libvirt lets a job be asked for and be aborted from the moment on in which it makes the
        file for the RAM; who asks before waits until all is over (qemu_snapshot.c,
        qemuDomainObjSetAsyncJobMask). Where the file cannot be seen, that is taken into account.

        Args:
            unwanted: it is to be given up; not possible for merges.

        Raises:
            SnaptuiError: it is not known now.
        """
        if self._step.ram_file is not None:
            with suppress(ImageError):
                if self._backend.missing_file(self._step.ram_file):
                    return None
            if unwanted:
                self._backend.give_up_ram(self._key)
            return self._backend.ram_saved(self._key)
        for target in self._step.merges:
            if now := self._backend.merged(self._key, target):
                self._merged[target] = now
            elif before := self._merged.get(target):
                self._merged[target] = Amount(before.total, before.total)
        amounts = self._merged.values()
        done, total = sum(one.done for one in amounts), sum(one.total for one in amounts)
        return Amount(done, total) if total else None


def _change_image(backend: Changes, step: ImageStep, progress: Callable[[float], None]) -> None:
    if isinstance(step, AddEntry):
        backend.create_entry(step.path, step.name)
    elif isinstance(step, ApplyEntry):
        backend.apply_entry(step.path, step.placed.entry.id)
    elif isinstance(step, DeleteEntry):
        backend.delete_entry(step.path, step.placed.entry.name)
    elif isinstance(step, SetAside):
        backend.set_aside(step.path, step.aside, step.file)
    elif isinstance(step, RemoveAside):
        backend.remove_file(step.aside, step.file)
    else:
        backend.extract_entry(step.copy, progress)


def _past_new_overlays(backend: Files, step: RevertTo) -> None:
    """Wait while there is an overlay that libvirt made this very second.

    It calls the next one by the same second, finds it there, and has stopped the guest by then.
    """
    for stem in step.overlay_stems:
        with suppress(ImageError):
            while f"{stem}{int(time.time())}" in {
                f"{os.path.dirname(stem)}/{name}"
                for name in backend.names_in(os.path.dirname(stem))
            }:
                time.sleep(0.02)


def _change_domain(
    backend: Backend, key: DomainKey, step: DomainStep, progress: Callable[[float], None]
) -> None:
    if isinstance(step, CreateSnapshot):
        backend.create_snapshot(key, step.new)
    elif isinstance(step, PowerOff):
        backend.power_off(key)
    elif isinstance(step, RevertTo):
        _past_new_overlays(backend, step)
        backend.revert(key, step.snapshot.name, step.state, reset_nvram=step.reset_nvram)
    elif isinstance(step, FreezeGuest):
        backend.freeze(key)
    elif isinstance(step, ThawGuest):
        backend.thaw(key)
    elif isinstance(step, MergeOverlay):
        backend.merge_overlay(key, step.target, step.path, step.lower.path or "", progress)
    elif isinstance(step, Adopt):
        backend.adopt_snapshot(key, step.name, step.created)
    elif isinstance(step, Redefine):
        backend.redefine_snapshot(key, step.snapshot.name, step.after, current=step.current)
    elif isinstance(step, Relocate):
        backend.redefine_snapshot(key, step.snapshot.name, step.after, current=False)
    else:
        assert isinstance(step, DeleteSnapshot)
        backend.delete_snapshot(key, step.snapshot.name, metadata_only=step.metadata_only)
