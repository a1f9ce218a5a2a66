"""The calls that change something on a host; objects are looked up anew for each."""

from __future__ import annotations

import functools
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import libvirt

from snaptui.backend.virt import snapshot_xml
from snaptui.backend.virt.calls import LibvirtCalls
from snaptui.backend.virt.errors import agent_refused
from snaptui.common.errors import HostError, SnaptuiError
from snaptui.model.choices import Form, RunState
from snaptui.model.domain import DomainKey
from snaptui.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from snaptui.backend.virt.freeze_guard import Guard
    from snaptui.model.snapshot_request import NewSnapshot

LONGEST_ANSWER = 1 << 20
"""Characters of what an agent may answer; libvirt itself takes ten times as many (qemu_agent.c)."""

_REVERT_FLAGS = {
    RunState.RECORDED: 0,
    RunState.RUNNING: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING,
    RunState.PAUSED: libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED,
}


class LibvirtChanges(LibvirtCalls):
    """A part of a backend."""

    def create_snapshot(self, key: DomainKey, new: NewSnapshot) -> None:
        """Take a snapshot; see the protocol."""
        from snaptui.model.snapshot_request import to_xml

        domain = self._look_up(self._connections.changes(), key)
        flags = {
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY: new.form is Form.DISK_ONLY,
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC: new.form is not Form.INTERNAL,
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE: new.quiesce,
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE: new.live,
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_HALT: new.halt,
            libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT: new.reuse,
        }
        wanted = sum(flag for flag, set_ in flags.items() if set_)
        self._change(lambda: domain.snapshotCreateXML(to_xml(new), wanted))

    def give_up_ram(self, key: DomainKey) -> None:
        """Abort the job; see the protocol. The connection for changes may be waiting for it."""
        self._ask(self._handle(key).abortJob)

    def power_off(self, key: DomainKey) -> None:
        """Stop the guest at once; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        self._change(domain.destroy)

    def freeze(self, key: DomainKey) -> None:
        """Freeze its file systems; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        self._guard.watch(key.uuid)
        try:
            number = self._change(domain.fsFreeze)
            if not number:
                raise HostError("Its agent froze no file system.")
        except SnaptuiError as error:
            with suppress(SnaptuiError):
                if not agent_refused(error.message):  # it may be frozen, or become so
                    self._ask(domain.fsThaw)
                self._guard.release(key.uuid)
            raise

    def thaw(self, key: DomainKey) -> None:
        """Thaw its file systems; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        try:
            number = self._ask(domain.fsThaw)
        except SnaptuiError as error:
            if agent_refused(error.message):
                self._guard.release(key.uuid)
            raise
        self._guard.release(key.uuid)
        if not number:
            raise HostError("Its file systems were not frozen any more.")

    def agent_command(
        self, key: DomainKey, command: str, arguments: Mapping[str, Any], seconds: int
    ) -> Any:
        """Ask the guest's agent; see the protocol."""
        import libvirt_qemu

        domain = self._look_up(self._connections.changes(), key)
        words = json.dumps({"execute": command, "arguments": arguments})
        said = self._change(lambda: libvirt_qemu.qemuAgentCommand(domain, words, seconds, 0))
        if len(said) > LONGEST_ANSWER:
            raise HostError(f"The guest agent's answer to {command} is too long.")
        try:
            return json.loads(said)["return"]
        except (ValueError, RecursionError, LookupError, TypeError) as error:
            raise HostError(f"The guest agent's answer to {command} makes no sense.") from error

    @functools.cached_property
    def _guard(self) -> Guard:
        from snaptui.backend.virt.freeze_guard import Guard

        return Guard(self._uri)

    def revert(
        self, key: DomainKey, name: str, state: RunState, *, reset_nvram: bool = False
    ) -> None:
        """Revert; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        snapshot = self._ask(lambda: domain.snapshotLookupByName(name))
        flags = _REVERT_FLAGS[state]
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM if reset_nvram else 0
        self._change(lambda: domain.revertToSnapshot(snapshot, flags))

    def delete_snapshot(self, key: DomainKey, name: str, *, metadata_only: bool = False) -> None:
        """Delete one snapshot; see the protocol.

        9.0 deletes metadata with descendants and a disk that the domain has no more, puts the
        descendants right, and reports an error all the same.
        """
        domain = self._look_up(self._connections.changes(), key)
        snapshot = self._ask(lambda: domain.snapshotLookupByName(name))
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY if metadata_only else 0
        try:
            self._change(lambda: snapshot.delete(flags))
        except HostError:
            if not metadata_only or name in self._ask(domain.snapshotListNames):
                raise

    def merge_overlay(
        self, key: DomainKey, target: str, path: str, lower: str, progress: Callable[[float], None]
    ) -> None:
        """Merge it into the image beneath; see the protocol."""
        from snaptui.backend.virt.merge import merge

        self._may_change()
        domain = self._look_up(self._connections.changes(), key)
        merge(self._ask, domain, target, path, lower, progress)

    def adopt_snapshot(self, key: DomainKey, name: str, created: int) -> None:
        """Define its metadata; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        wanted = snapshot_xml.adopted(name, created, self._ask(lambda: domain.XMLDesc(flags)))
        flag = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        self._change(lambda: domain.snapshotCreateXML(wanted, flag))

    def redefine_snapshot(
        self, key: DomainKey, name: str, after: Snapshot, *, current: bool
    ) -> None:
        """Define it again; see the protocol."""
        domain = self._look_up(self._connections.changes(), key)
        snapshot = self._ask(lambda: domain.snapshotLookupByName(name))
        known = self._ask(lambda: snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))
        wanted = snapshot_xml.redefined(known, after)
        flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
        flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT if current else 0
        self._change(lambda: domain.snapshotCreateXML(wanted, flags))
