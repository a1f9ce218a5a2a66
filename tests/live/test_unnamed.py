"""Overlays that a backup script left: shown where the domain is, and merged with its checks."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import Cancelled, ImageError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import SafetyKind
from snaptui.model.domain import DomainKey
from snaptui.model.image import NotKnown
from snaptui.operations.step_calls import differences, expected_after, perform
from snaptui.plan.delete.merge import DAY
from snaptui.plan.facts import Facts, OverlayUse
from snaptui.plan.outcome import End, UndoBy
from snaptui.plan.plan import DomainIntent, MergeIntent, Plan, RevertIntent
from snaptui.plan.planner import make_plan
from snaptui.plan.remark import Unchecked, remark
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.why import Why
from snaptui.storage.unnamed import Unnamed, unnamed_overlays
from tests.lab import Lab, holds, next_second, qemu_img, write
from tests.terminal import Terminal
from tests.unit.made import assert_refused, assert_said


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    """A domain on tmp2 -> tmp1 -> base, whose script went away."""
    key = lab.define("web", running=True)
    for name in ("tmp1", "tmp2"):
        lab.snapshot("web", name, "--disk-only", "--no-metadata")
    return key


def place(lab: Lab, name: str) -> Path:
    return lab.image("web").with_suffix(f".{name}")


@contextmanager
def connected(lab: Lab) -> Iterator[LibvirtBackend]:
    backend = LibvirtBackend(lab.uri)
    backend.connect()
    try:
        yield backend
    finally:
        backend.abandon()


def found(lab: Lab, key: DomainKey) -> tuple[Unnamed, ...]:
    with connected(lab) as backend:
        facts = facts_of(backend, MergeIntent(key, ""))
        return unnamed_overlays(facts.status.config, facts.snapshots.values(), facts.layers)


def facts_of(backend: LibvirtBackend, intent: DomainIntent) -> Facts:
    host = backend.host or backend.connect()
    facts = read_facts(backend, host, intent)
    assert isinstance(facts, Facts)
    return facts


def of_age(facts: Facts, age: float) -> Facts:
    """As if the overlay were so many seconds old, whether or not its file system keeps that."""
    assert facts.overlay is not None
    return replace(facts, overlay=replace(facts.overlay, made=facts.read_at - age))


def in_two_days(facts: Facts) -> Facts:
    return of_age(facts, 2 * DAY)


def planned(lab: Lab, intent: MergeIntent, as_if: Callable[[Facts], Facts] = in_two_days) -> Plan:
    with connected(lab) as backend:
        return make_plan(intent, as_if(facts_of(backend, intent)))


def merge(lab: Lab, key: DomainKey, path: Path) -> Plan:
    """Merge it, and hold what there is then against what was expected."""
    intent = MergeIntent(key, str(path))
    with connected(lab) as backend:
        facts = in_two_days(facts_of(backend, intent))
        plan = make_plan(intent, facts)
        assert plan.possible, plan.refusals
        (step,) = plan.steps
        perform(backend, key, step, lambda _share: None)
        assert differences(expected_after(step, facts), facts_of(backend, intent)) == ()
    return plan


def test_they_are_rows_and_the_title_says_so(lab: Lab, key: DomainKey) -> None:
    assert [(one.path, one.lower, one.top) for one in found(lab, key)] == [
        (str(place(lab, "tmp2")), str(place(lab, "tmp1")), True),
        (str(place(lab, "tmp1")), str(lab.image("web")), False),
    ]
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        terminal.wait("2 overlays without a snapshot", "overlay")
        terminal.wait("≡ vda.tmp2", "≡ vda.tmp1")
        terminal.press("tab", "d")
        terminal.wait("Merge the overlay", "Refused, see below", "may be")


def test_metadata_that_name_what_is_merged_are_told(lab: Lab, key: DomainKey) -> None:
    """libvirt puts them right when it deletes a snapshot, and not at a commit."""
    lab.snapshot("web", "inside")
    plan = merge(lab, key, place(lab, "tmp1"))
    assert_said(plan.warnings, Warn.METADATA_NAMES_MERGED, names="inside", disk="vda")
    assert not place(lab, "tmp1").exists()
    with connected(lab) as backend:
        back = RevertIntent(key, "inside", safety=SafetyKind.NONE)
        refused = make_plan(back, facts_of(backend, back))
    assert_refused(refused, Why.RECORDED_BENEATH_GONE, path=str(place(lab, "tmp1")))


def test_each_is_merged_and_no_byte_changes(lab: Lab, key: DomainKey) -> None:
    lab.destroy("web")
    write(place(lab, "tmp1"), 0x11)
    write(place(lab, "tmp2"), 0x22)
    lab.start("web")
    plan = merge(lab, key, place(lab, "tmp1"))
    assert (plan.after.end, plan.undo.by) == (End.MERGED_BENEATH, UndoBy.NO_MERGED)
    plan = merge(lab, key, place(lab, "tmp2"))
    assert plan.after.end is End.MERGED
    assert found(lab, key) == ()
    for name in ("tmp1", "tmp2"):
        assert not place(lab, name).exists()
    for which in ("", "--inactive"):
        assert str(lab.image("web")) in lab.virsh("domblklist", "web", *which.split())
    lab.destroy("web")
    assert holds(lab.image("web"), 0x22)
    lab.start("web")


def test_the_lines_that_are_said_do_the_same(lab: Lab, key: DomainKey) -> None:
    for name in ("tmp1", "tmp2"):
        (line,) = planned(lab, MergeIntent(key, str(place(lab, name)))).lines
        subprocess.run(line, shell=True, check=True, stdout=-3)
        assert not place(lab, name).exists()
    assert str(lab.image("web")) in lab.virsh("domblklist", "web")


def test_one_between_snapshots_is_merged_and_both_stay_whole(lab: Lab) -> None:
    key = lab.define("web")
    write(lab.image("web"), 0x11)
    lab.snapshot("web", "one", "--disk-only")
    write(place(lab, "one"), 0x22)
    lab.start("web")
    lab.snapshot("web", "tmp", "--disk-only", "--no-metadata")
    (overlay,) = found(lab, key)
    merge(lab, key, Path(overlay.path))
    lab.destroy("web")
    assert lab.snapshots("web") == ["one"]
    assert holds(place(lab, "one"), 0x22)
    assert holds(lab.image("web"), 0x11)


def test_one_upon_what_a_snapshot_froze_is_kept(lab: Lab) -> None:
    """The snapshot's own overlay is gone, and what it froze is whole."""
    key = lab.define("web")
    lab.snapshot("web", "one", "--disk-only")
    upon = ("-b", str(lab.image("web")), "-F", "qcow2")
    qemu_img("create", "-q", "-f", "qcow2", *upon, str(place(lab, "two")))
    xml = lab.virsh("dumpxml", "web")
    lab.define_xml(xml.replace(str(place(lab, "one")), str(place(lab, "two"))))
    place(lab, "one").unlink()
    lab.start("web")
    plan = planned(lab, MergeIntent(key, str(place(lab, "two"))))
    assert_refused(plan, Why.FROZEN_BY, name="one", path=str(lab.image("web")))


def test_one_that_is_given_up_leaves_all_as_it_was(lab: Lab, key: DomainKey) -> None:
    before = lab.virsh("domblklist", "web")
    intent = MergeIntent(key, str(place(lab, "tmp2")))

    def give_up(_share: float) -> None:
        raise Cancelled("It was cancelled.")

    with connected(lab) as backend:
        (step,) = make_plan(intent, in_two_days(facts_of(backend, intent))).steps
        with pytest.raises(Cancelled):
            perform(backend, key, step, give_up)
        assert facts_of(backend, intent).status.block_jobs == ()
    assert lab.virsh("domblklist", "web") == before
    assert [Path(one.path).suffix for one in found(lab, key)] == [".tmp2", ".tmp1"]


def test_one_of_less_than_a_day_or_of_unknown_age_may_be_a_backups(
    lab: Lab, key: DomainKey
) -> None:
    intent = MergeIntent(key, str(place(lab, "tmp1")))
    assert_refused(planned(lab, intent, lambda facts: of_age(facts, DAY - 60)), Why.MADE_LATELY)
    assert planned(lab, intent, lambda facts: of_age(facts, DAY + 60)).possible

    def unknown(facts: Facts) -> Facts:
        assert facts.overlay is not None
        return replace(facts, overlay=replace(facts.overlay, made=NotKnown("It is not told.")))

    assert_refused(planned(lab, intent, unknown), Why.AGE_NOT_KNOWN)


def test_when_a_file_was_made_is_what_its_file_system_says(lab: Lab) -> None:
    before = int(time.time())
    path = lab.images / "new.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(path), "1M")
    os.utime(path, (1, 1))
    with connected(lab) as backend:
        try:
            made = backend.birth(str(path))
        except ImageError as error:
            pytest.skip(error.message)
        assert before <= made <= time.time()
        with pytest.raises(ImageError):
            backend.birth(str(path.with_name("none")))


def test_beside_a_checkpoint_it_may_be_a_backups(lab: Lab, key: DomainKey) -> None:
    lab.virsh("checkpoint-create-as", "web", "c0")
    plan = planned(lab, MergeIntent(key, str(place(lab, "tmp1"))))
    assert_refused(plan, Why.BACKUP_KEEPS, names="c0")


def test_one_beneath_which_somebody_reads_is_left_alone(lab: Lab, key: DomainKey) -> None:
    with lab.image("web").open("rb"):
        reader = subprocess.Popen(["sleep", "60"], stdin=lab.image("web").open("rb"))
        try:
            plan = planned(lab, MergeIntent(key, str(place(lab, "tmp1"))))
        finally:
            reader.kill()
            reader.wait()
    who = f"sleep (process {reader.pid})"
    assert_refused(plan, Why.LAYER_OPEN, path=str(lab.image("web")), who=who)


def test_of_a_domain_that_is_off_it_is_refused_with_the_way_round(lab: Lab, key: DomainKey) -> None:
    lab.destroy("web")
    plan = planned(lab, MergeIntent(key, str(place(lab, "tmp2"))))
    assert_refused(plan, Why.MERGE_WHILE_OFF)
    lab.virsh("start", "web", "--paused")
    merge(lab, key, place(lab, "tmp2"))
    assert lab.state("web") == "paused"


def test_one_that_the_next_start_needs_is_kept(lab: Lab, key: DomainKey) -> None:
    defined = lab.xml("web", inactive=True)
    lab.define_xml(defined.replace(str(place(lab, "tmp2")), str(place(lab, "tmp1"))))
    plan = planned(lab, MergeIntent(key, str(place(lab, "tmp1"))))
    assert_refused(plan, Why.NEXT_START_NEEDS)


def test_one_upon_which_another_image_lies_is_kept(lab: Lab, key: DomainKey) -> None:
    other = lab.images / "other.qcow2"
    base = str(place(lab, "tmp1"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", str(other))
    xml = lab.xml(lab_domain(lab), inactive=True)
    lab.define_xml(xml.replace(str(lab.image("other")), str(other)))
    plan = planned(lab, MergeIntent(key, base))
    assert_refused(plan, Why.USER_LOSES)


def lab_domain(lab: Lab) -> str:
    lab.define("other")
    return "other"


@pytest.mark.parametrize("unseen", ["", "there are processes that may not be looked into"])
def test_who_cannot_be_seen_is_asked_for_by_the_name(lab: Lab, key: DomainKey, unseen: str) -> None:
    def seen(facts: Facts) -> Facts:
        assert isinstance(facts.overlay, OverlayUse)
        return in_two_days(replace(facts, overlay=replace(facts.overlay, unseen=unseen)))

    plan = planned(lab, MergeIntent(key, str(place(lab, "tmp1"))), seen)
    assert plan.possible
    doubts = (remark(Unchecked.OPEN_BENEATH, reason=unseen),) if unseen else ()
    assert (plan.type_name, plan.unchecked) == (bool(unseen), doubts)


def test_what_a_snapshot_names_is_not_among_them(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "one", "--disk-only")
    write(place(lab, "one"), 0x22)
    assert found(lab, key) == ()
    plan = planned(lab, MergeIntent(key, str(place(lab, "one"))))
    assert_refused(plan, Why.NOT_UNNAMED)
    lab.virsh("snapshot-delete", "web", "one", "--metadata")
    assert [one.path for one in found(lab, key)] == [str(place(lab, "one"))]


def test_what_reverts_made_is_not_among_them_and_what_a_backup_left_above_is(
    newer_lab: Lab,
) -> None:
    lab = newer_lab
    key = lab.define("web")
    for name in ("a", "b"):
        lab.snapshot("web", name, "--disk-only")
    for name in ("a", "b", "a", "b"):
        lab.virsh("snapshot-revert", "web", name)
        assert found(lab, key) == (), name
        next_second()  # libvirt calls the overlays of two reverts in a second by the same names
    lab.start("web")
    lab.snapshot("web", "tmp", "--disk-only", "--no-metadata")
    assert [Path(one.path).suffix for one in found(lab, key)] == [".tmp"]


def test_a_linked_clone_is_never_to_be_merged_into_its_template(lab: Lab) -> None:
    lab.define("web")
    clone = lab.images / "clone.qcow2"
    base = str(lab.image("web"))
    qemu_img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", str(clone))
    lab.define_xml(lab.xml("web").replace(base, str(clone)))
    lab.start("web")
    key = lab.key("web")
    (one,) = found(lab, key)
    assert not one.taken
    assert_refused(planned(lab, MergeIntent(key, str(clone))), Why.PERHAPS_A_CLONE)
    with Terminal(["-c", lab.uri, "web"], size=(160, 40)) as terminal:
        terminal.wait("no snapshots yet: c takes one", "it is a linked clone's")
        assert "blockcommit" not in terminal.text
