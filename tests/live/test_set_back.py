"""A definition that was set back beneath an overlay: nothing is called lost without evidence."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from snaptui.model.domain import DomainKey
from snaptui.model.image import ImageKey, NotKnown
from snaptui.plan.image.orphan import aside_name
from snaptui.plan.loss import FileLost
from snaptui.plan.plan import DeleteIntent, RemoveLeftover, RevertIntent
from snaptui.plan.words.warn import Warn
from snaptui.plan.words.way import Way
from snaptui.plan.words.why import Why
from snaptui.storage.damage import Matter
from snaptui.storage.evidence import By
from tests.lab import MIB, Lab, qemu_img, write
from tests.live.planned import facts_of, planned
from tests.terminal import Terminal, at_snapshots
from tests.unit.made import assert_refused, assert_said


@pytest.fixture
def key(lab: Lab) -> DomainKey:
    """A domain whose disk was set to the base again, after an overlay was written to."""
    key = lab.define("web")
    past(lab.image("web"))
    lab.snapshot("web", "over", "--disk-only")
    write(overlay(lab), 0x22)
    xml = lab.xml("web", inactive=True).replace(str(overlay(lab)), str(base(lab)))
    lab.define_xml(xml)
    return key


def past(image: Path) -> None:
    """Wait until the second has passed in which a file was changed: libvirt counts whole ones."""
    while int(time.time()) <= os.stat(image).st_ctime:
        time.sleep(0.01)


def base(lab: Lab) -> Path:
    return lab.image("web")


def overlay(lab: Lab) -> Path:
    return lab.image("web").with_suffix(".over")


def test_a_base_that_was_not_written_to_is_told_so_and_the_way_back(
    lab: Lab, key: DomainKey
) -> None:
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert broken.matter is Matter.UNTOUCHED
    assert (broken.path, broken.upon) == (str(overlay(lab)), str(base(lab)))
    plan = planned(lab, DeleteIntent(key, "over"))
    names = {"disk": "vda", "overlay": str(overlay(lab)), "line": "virsh edit --domain=web"}
    assert_refused(plan, Why.SET_AWAY, **names)
    assert [one.way for one in plan.refusals] == [Way.SET_BACK]
    revert = planned(lab, RevertIntent(key, "over"))
    assert [one.way for one in revert.refusals if one.why is Why.SET_AWAY] == [Way.SET_BACK]
    forgotten = planned(lab, DeleteIntent(key, "over", metadata_only=True))
    assert forgotten.possible
    assert_said(forgotten.warnings, Warn.ONLY_COPY, files=str(overlay(lab)))
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "over")
        terminal.press("g")
        terminal.wait("E unused", "set vda to", gone="lost")


def test_the_way_back_brings_it_back(lab: Lab, key: DomainKey) -> None:
    xml = lab.xml("web", inactive=True).replace(str(base(lab)), str(overlay(lab)))
    lab.define_xml(xml)
    assert not facts_of(lab, DeleteIntent(key, "over")).layers.broken
    assert planned(lab, DeleteIntent(key, "over"), carry_out=True).possible
    assert lab.snapshots("web") == []


def test_a_leftover_that_holds_what_nothing_else_has_says_so(lab: Lab, key: DomainKey) -> None:
    lab.virsh("snapshot-delete", "web", "over", "--metadata")
    path = str(overlay(lab))
    intent = RemoveLeftover(ImageKey(lab.uri, path), aside_name(path, "20261125T010203Z"))
    plan = planned(lab, intent)
    assert isinstance(plan.lost, FileLost)
    assert plan.lost.own == MIB, "what write() wrote"
    assert plan.type_name
    lab.image("web").unlink()
    blind = planned(lab, intent)
    assert isinstance(blind.lost, FileLost)
    assert isinstance(blind.lost.own, NotKnown)
    assert blind.type_name


def test_an_overlay_that_nothing_was_written_to_holds_nothing(lab: Lab) -> None:
    lab.define("web")
    lab.snapshot("web", "over", "--disk-only")
    path = str(overlay(lab))
    lab.define_xml(lab.xml("web", inactive=True).replace(path, str(base(lab))))
    lab.virsh("snapshot-delete", "web", "over", "--metadata")
    intent = RemoveLeftover(ImageKey(lab.uri, path), aside_name(path, "20261125T010203Z"))
    plan = planned(lab, intent)
    assert isinstance(plan.lost, FileLost)
    assert plan.lost.own == 0


def test_a_base_that_was_written_to_after_it_is_told_so(lab: Lab, key: DomainKey) -> None:
    write(base(lab), 0x33)
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert (broken.matter, broken.evidence.by) == (Matter.WRITTEN, By.LATER)
    plan = planned(lab, DeleteIntent(key, "over"))
    assert [one.way for one in plan.refusals] == [Way.COPY_FIRST]


def test_what_the_times_do_not_tell_is_not_known(lab: Lab, key: DomainKey) -> None:
    """The base was written to after the snapshot was begun, and before its overlay was last."""
    write(base(lab), 0x33)
    write(overlay(lab), 0x22)
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert broken.matter is Matter.NOT_KNOWN
    plan = planned(lab, DeleteIntent(key, "over"))
    assert [one.way for one in plan.refusals] == [Way.COPY_OR_SET_BACK]


def restored(path: Path) -> None:
    """As from a backup: other bytes, with the times of before."""
    kept = os.stat(path)
    write(path, 0x33)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def copied(path: Path) -> None:
    """The same bytes in another file, with their times."""
    subprocess.run(["cp", "-p", path, path.with_suffix(".new")], check=True)
    path.with_suffix(".new").rename(path)


@pytest.mark.parametrize("act", [restored, copied])
def test_a_base_that_was_put_there_is_neither_untouched_nor_written(
    lab: Lab, key: DomainKey, act: Callable[[Path], None]
) -> None:
    act(base(lab))
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert (broken.matter, broken.evidence.by) == (Matter.NOT_KNOWN, By.SET)


def test_the_bytes_of_a_base_tell_that_it_was_written_to(lab: Lab, key: DomainKey) -> None:
    """A snapshot was taken in it since, and something was written then; its times were set back."""
    kept = os.stat(base(lab))
    past(overlay(lab))
    qemu_img("snapshot", "-c", "since", str(base(lab)))
    write(base(lab), 0x33)
    os.utime(base(lab), ns=(kept.st_atime_ns, kept.st_mtime_ns))
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert (broken.matter, broken.evidence.by) == (Matter.WRITTEN, By.ENTRY)
    assert [one.way for one in planned(lab, DeleteIntent(key, "over")).refusals] == [Way.COPY_FIRST]


def test_an_overlay_that_is_gone_may_be_put_back(lab: Lab, key: DomainKey) -> None:
    overlay(lab).unlink()
    (broken,) = facts_of(lab, DeleteIntent(key, "over")).layers.broken.values()
    assert broken.matter is Matter.GONE
    plan = planned(lab, DeleteIntent(key, "over"))
    assert [one.way for one in plan.refusals] == [Way.NOT_KNOWN_WHICH]


def test_a_revert_that_would_write_beneath_what_may_be_whole_says_so(lab: Lab) -> None:
    key = lab.define("web")
    lab.snapshot("web", "deep")
    past(base(lab))
    lab.snapshot("web", "over", "--disk-only")
    xml = lab.xml("web", inactive=True).replace(str(overlay(lab)), str(base(lab)))
    lab.define_xml(xml)
    plan = planned(lab, RevertIntent(key, "deep"))
    assert_said(plan.warnings, Warn.WRITES_OVER, name="over", path=str(base(lab)))


def test_a_frozen_image_that_a_replaced_overlay_left_alone_is_not_written_over_in_silence(
    lab: Lab,
) -> None:
    key = lab.define("web")
    lab.snapshot("web", "deep")
    past(base(lab))
    lab.snapshot("web", "over", "--disk-only")
    qemu_img("convert", "-O", "qcow2", str(overlay(lab)), f"{overlay(lab)}.new")
    os.replace(f"{overlay(lab)}.new", overlay(lab))
    xml = lab.xml("web", inactive=True).replace(str(overlay(lab)), str(base(lab)))
    lab.define_xml(xml)
    plan = planned(lab, RevertIntent(key, "deep"))
    assert_said(plan.warnings, Warn.WRITES_OVER_FROZEN, name="over", path=str(base(lab)))
