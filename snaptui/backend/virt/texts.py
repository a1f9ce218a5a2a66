"""What libvirt tells of domains and snapshots in XML and lists; in one reading once each.

They are known by what the caller calls them anyway: to ask a handle for its name or UUID makes
the thread wait for its turn anew, as each call into libvirt does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
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

    def live(self, uuid: str, domain: libvirt.virDomain) -> str:
        """A domain's definition of now."""
        return self._definition(uuid, domain, 0)

    def defined(self, uuid: str, domain: libvirt.virDomain) -> str:
        """That of its next start."""
        return self._definition(uuid, domain, libvirt.VIR_DOMAIN_XML_INACTIVE)

    def persistent(self, uuid: str, domain: libvirt.virDomain) -> bool:
        """Whether it is there when it is off."""
        return bool(self._once(("persistent", uuid), lambda: self._ask(domain.isPersistent)))

    def backup(self, uuid: str, domain: libvirt.virDomain) -> str:
        """What a backup of it under way reads and writes.

        Raises:
            NotFound: there is none.
            Unsupported: its driver makes none.
        """
        return str(self._once(("backup", uuid), lambda: self._ask(domain.backupGetXMLDesc)))

    def snapshots(
        self, uuid: str, domain: libvirt.virDomain, flags: int = 0
    ) -> Mapping[str, libvirt.virDomainSnapshot]:
        """By name, handles of its snapshots, or of those that flags choose."""

        def listed() -> Mapping[str, libvirt.virDomainSnapshot]:
            return {one.getName(): one for one in list_snapshots(self._ask, domain, flags)}

        found: Mapping[str, libvirt.virDomainSnapshot] = self._once(
            ("snapshots", uuid, flags), listed
        )
        return found

    def snapshot(self, uuid: str, name: str, handle: libvirt.virDomainSnapshot) -> str:
        """What libvirt has recorded of one."""
        return str(self._once(("snapshot", uuid, name), lambda: self._ask(handle.getXMLDesc)))

    def _definition(self, uuid: str, domain: libvirt.virDomain, flags: int) -> str:
        call = partial(self._ask, partial(domain.XMLDesc, flags))
        return str(self._once(("domain", uuid, flags), call))
