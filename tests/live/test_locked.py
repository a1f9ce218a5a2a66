"""An image of a domain that is off is locked by a QEMU of somebody else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import HostError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form, SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.operations.step_calls import in_the_way, perform
from snaptui.plan.change import Change
from snaptui.plan.plan import CreateIntent, DeleteIntent, DomainIntent, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.refusal import Harm
from snaptui.plan.words.why import Why
from tests.lab import Lab, entries, write
from tests.live.matrix.guest import reads


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As by a guest that another libvirt runs."""
    with subprocess.Popen(
        ["qemu-io", "-f", "qcow2", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(b"read 0 1\n")
        other.stdin.flush()
        while b"1 ops" not in other.stdout.readline():
            pass
        yield
        other.stdin.close()


def revert(key: DomainKey) -> DomainIntent:
    return RevertIntent(key, "a", safety=SafetyKind.NONE)


def create(key: DomainKey) -> DomainIntent:
    return CreateIntent(key, "new", "", Form.INTERNAL)


def delete(key: DomainKey) -> DomainIntent:
    return DeleteIntent(key, "a")


@pytest.mark.parametrize("intent", [create, revert, delete])
def test_what_libvirt_would_leave_half_done_is_refused(lab: Lab, intent: object) -> None:
    assert callable(intent)
    key = lab.define("web", disks=("vda", "vdb"))
    for name in ("a", "b"):
        lab.snapshot("web", name)
    first, second = lab.image("web"), lab.image("web", "vdb")
    for path in (first, second):
        write(path, 0x22)
    backend = LibvirtBackend(lab.uri)
    host, wanted = backend.connect(), intent(key)
    free = read_facts(backend, host, wanted)
    assert make_plan(wanted, free).possible
    with locked(second):
        facts = read_facts(backend, host, wanted)
        plan = make_plan(wanted, facts)
        (refusal,) = plan.refusals
        names = dict(refusal.names)
        assert refusal.why is Why.IMAGE_OPEN
        assert (names["path"], names["disk"]) == (str(second), "vdb")
        assert names["who"].startswith("qemu-io (process ")
        assert any(one.change is Change.OPENED for one in in_the_way(plan.steps[-1], free, facts))
        failing = nullcontext() if refusal.code is None else pytest.raises(HostError)
        with failing:
            perform(backend, key, plan.steps[-1], lambda _: None)
    half = {
        None: entries(first) == entries(second) and holds_all(second, first),
        Harm.HALF: reads(str(first), "qcow2", "read -P 0x11 0 1M"),
        Harm.LEFT_INSIDE: ("1", "a") in entries(second) and ("1", "a") not in entries(first),
    }
    assert half[refusal.harm]
    backend.abandon()


def holds_all(*paths: Path) -> bool:
    return all(reads(str(path), "qcow2", "read -P 0x22 0 1M") for path in paths)
