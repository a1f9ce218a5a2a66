"""What libvirt tells of domains and snapshots in XML and lists; in one reading once each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import libvirt

from snaptui.backend.virt.calls import Ask, list_snapshots

Call = Callable[[], Any]


class Texts:
    """Asks for them.

    Args:
        ask: makes a call, and turns libvirt's errors into ours.
        once: the answer that was given to this in a reading; outside of one it calls.
        of: UUID of the domain that the reading is about; the texts of others would fill the
            memory, and are needed once anyway.
    """

    def __init__(self, ask: Ask, once: Callable[[Hashable, Call], Any], of: str) -> None:
        self._ask, self._kept, self._of = ask, once, of

    def _once(self, what: tuple[Hashable, ...], call: Call) -> Any:
        return self._kept(what, call) if what[1] == self._of else call()

    def live(self, domain: libvirt.virDomain) -> str:
        """A domain's definition of now."""
        return self._definition(domain, 0)

    def defined(self, domain: libvirt.virDomain) -> str:
        """That of its next start."""
        return self._definition(domain, libvirt.VIR_DOMAIN_XML_INACTIVE)

    def persistent(self, domain: libvirt.virDomain) -> bool:
        """Whether it is there when it is off."""
        what = ("persistent", domain.UUIDString())
        return bool(self._once(what, lambda: self._ask(domain.isPersistent)))

    def backup(self, domain: libvirt.virDomain) -> str:
        """What a backup of it under way reads and writes.

        Raises:
            NotFound: there is none.
            Unsupported: its driver makes none.
        """
        what = ("backup", domain.UUIDString())
        return str(self._once(what, lambda: self._ask(domain.backupGetXMLDesc)))

    def snapshots(self, domain: libvirt.virDomain, flags: int = 0) -> list[Any]:
        """Handles of its snapshots, or of those that flags choose."""
        what = ("snapshots", domain.UUIDString(), flags)
        return list(self._once(what, lambda: list_snapshots(self._ask, domain, flags)))

    def snapshot(self, uuid: str, handle: libvirt.virDomainSnapshot) -> str:
        """What libvirt has recorded of one."""
        what = ("snapshot", uuid, handle.getName())
        return str(self._once(what, lambda: self._ask(handle.getXMLDesc)))

    def _definition(self, domain: libvirt.virDomain, flags: int) -> str:
        what = ("domain", domain.UUIDString(), flags)
        return str(self._once(what, lambda: self._ask(lambda: domain.XMLDesc(flags))))
