"""A host whose daemon for guests reaches none for pools (virtqemud without virtstoraged).

No stack here has its daemons apart: what virtqemud would answer is put in the place of libvirt's
answer; all else is real. It is an error of the client that virtqemud itself is of virtstoraged,
code and domain as in libvirt's virnetsocket.c.
"""

from __future__ import annotations

import libvirt
import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Disconnected
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.plan.plan import RevertIntent
from snaptui.plan.refusal import Harm
from snaptui.plan.remark import Unchecked
from snaptui.plan.words.why import Why
from tests import pools
from tests.lab import MIB, Lab
from tests.live.planned import planned

SAID = "Failed to connect socket to '/run/libvirt/virtstoraged-sock': No such file or directory"
ASKED = ("storagePoolLookupByName", "listAllStoragePools", "storageVolLookupByPath")


@pytest.fixture
def lab(every_lab: Lab) -> Lab:
    """Of each stack."""
    return every_lab


def stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nobody answers for pools."""

    def out_of_reach(*_: object) -> None:
        error = libvirt.libvirtError(SAID)
        code, level = libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_ERROR
        error.err = (code, libvirt.VIR_FROM_RPC, SAID, level, None, None, None, -1, -1)
        raise error

    for name in ASKED:
        monkeypatch.setattr(libvirt.virConnect, name, out_of_reach)


def test_a_guest_on_a_volume_is_not_stopped(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with pools.pool(lab, "p", lab.directory / "p"):
        pools.volume(lab, "p", "a.qcow2", 8 * MIB)
        pools.define(lab, "web", ("p", "a.qcow2"))
        lab.virsh("start", "web")
        lab.snapshot("web", "ram")
        key = DomainKey(lab.uri, lab.virsh("domuuid", "web").strip())
        intent = RevertIntent(key, "ram", safety=SafetyKind.NONE)
        assert planned(lab, intent).possible
        stop(monkeypatch)
        refusals = planned(lab, intent).refusals
        assert Harm.STOPPED in {one.harm for one in refusals}
        assert Why.VOLUME_NOT_KNOWN in {one.why for one in refusals}
        assert any(SAID in one.words for one in refusals)
        monkeypatch.undo()
        lab.clean()


def test_what_lies_upon_the_images_of_another_guest_is_a_doubt(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it needs a pool; who knows what pools there are."""
    key = lab.define("web", running=True)
    lab.snapshot("web", "ram")
    stop(monkeypatch)
    plan = planned(lab, RevertIntent(key, "ram"))
    assert plan.possible
    (doubt,) = plan.unchecked
    assert doubt.what is Unchecked.LIES_UPON
    assert SAID in doubt.words


def test_a_link_that_is_lost_is_told_from_that(
    own_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = own_lab.define("web")
    own_lab.snapshot("web", "off")
    stop(monkeypatch)
    backend = LibvirtBackend(own_lab.uri)
    host = backend.connect()
    own_lab.daemon.kill()
    with pytest.raises(Disconnected):
        read_facts(backend, host, RevertIntent(key, "off"))
    with pytest.raises(Disconnected):
        backend.volumes()
    backend.abandon()
