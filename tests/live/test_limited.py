"""A user whom libvirt denies some calls (polkit, an access driver): denied is never nothing.

The denials are injected; each is as the daemon's answer is.
"""

from __future__ import annotations

from typing import Any

import libvirt
import pytest

from snaptui.common.errors import SnaptuiError
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import DeleteIntent, RevertIntent
from tests.lab import Lab
from tests.live.planned import planned

BOTH = (DeleteIntent, RevertIntent)
CALLS: dict[str, tuple[type, tuple[type[DeleteIntent] | type[RevertIntent], ...]]] = {
    "listAllStoragePools": (libvirt.virConnect, (RevertIntent,)),
    "getAllDomainStats": (libvirt.virConnect, (RevertIntent,)),
    "XMLDesc": (libvirt.virDomain, BOTH),
    "listAllSnapshots": (libvirt.virDomain, BOTH),
    "snapshotCurrent": (libvirt.virDomain, BOTH),
    "listAllCheckpoints": (libvirt.virDomain, BOTH),
    "hasManagedSaveImage": (libvirt.virDomain, BOTH),
    "state": (libvirt.virDomain, BOTH),
    "getXMLDesc": (libvirt.virDomainSnapshot, BOTH),
}
"""What is asked of a host for a delete or a revert, and for which of the two."""


class Denied(libvirt.libvirtError):  # type: ignore[misc]  # the binding has no types
    """VIR_ERR_ACCESS_DENIED, as the daemon sends it."""

    def __init__(self) -> None:
        Exception.__init__(self, "access denied")

    def get_error_code(self) -> int:
        return int(libvirt.VIR_ERR_ACCESS_DENIED)

    def get_error_domain(self) -> int:
        return int(libvirt.VIR_FROM_ACCESS)

    def get_error_message(self) -> str:
        return "access denied"


@pytest.mark.parametrize("call", CALLS)
def test_what_is_denied_is_said_and_nothing_is_planned_upon_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """No key confirms: it is an error, a refusal, or not checked (the name is typed)."""
    key: DomainKey = lab.define("web")
    lab.snapshot("web", "a")
    kind, intents = CALLS[call]
    asked: list[str] = []

    def denied(*_: Any, **__: Any) -> None:
        asked.append(call)
        raise Denied

    monkeypatch.setattr(kind, call, denied)
    for intent in intents:
        asked.clear()
        assert any("denied" in one or one == "refused" for one in said(lab, intent(key, "a")))
        assert asked


def said(lab: Lab, intent: DeleteIntent | RevertIntent) -> list[str]:
    """What keeps the key of a dialog from confirming."""
    try:
        plan = planned(lab, intent)
    except SnaptuiError as error:
        return [error.message]
    return ["refused" for _ in plan.refusals] + [
        dict(one.names).get("reason", "") for one in plan.unchecked
    ]
