"""What a create asks for: as XML and back, and the names that are suggested."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form
from snaptui.model.disk import Presence
from snaptui.model.snapshot import SnapshotDisk
from snaptui.model.snapshot_request import (
    DiskXml,
    NewSnapshot,
    SnapshotXml,
    from_xml,
    suggested_name,
    template_problem,
    to_xml,
)
from tests.unit.made import STRANGE

OUTSIDE = SnapshotDisk("vda", Presence.EXTERNAL, "/img/a.new")
LEFT_OUT = SnapshotDisk("vdb", Presence.NO)

PATHS = st.sampled_from(["/img/a & b", "/img/<x>", "/img/日", "/a,b"])
DISKS = st.builds(SnapshotDisk, st.just("vda"), st.just(Presence.EXTERNAL), PATHS)


@given(st.sampled_from(STRANGE), st.sampled_from([*STRANGE, ""]), DISKS, PATHS | st.none())
def test_what_is_asked_for_comes_back(
    name: str, description: str, disk: SnapshotDisk, memory: str | None
) -> None:
    new = NewSnapshot(name, description, (disk, LEFT_OUT), memory)
    disks = tuple(DiskXml(one.target, one.presence, one.path) for one in new.disks)
    kept = Presence.EXTERNAL if memory is not None else None
    assert from_xml(to_xml(new)) == SnapshotXml(name, description, disks, kept, memory)


def test_the_form_follows_from_the_parts() -> None:
    assert NewSnapshot("s").form is Form.INTERNAL
    assert NewSnapshot("s", disks=(OUTSIDE, LEFT_OUT)).form is Form.DISK_ONLY
    assert NewSnapshot("s", disks=(OUTSIDE,), memory_path="/m").form is Form.EXTERNAL
    both = NewSnapshot("s", disks=(OUTSIDE, LEFT_OUT), memory_path="/m")
    assert both.files == ("/img/a.new", "/m")
    there = replace(both, reuse=True)
    assert (there.files, there.made) == (both.files, ("/m",))


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        ("", "well-formed"),
        ("<domain/>", "and is a <domain>"),
        ("<!DOCTYPE x><domainsnapshot/>", "document type"),
        ("<domainsnapshot>" + " " * (1 << 20), "1 MiB"),
        ("<domainsnapshot><state>running</state></domainsnapshot>", "know <state>"),
        ("<domainsnapshot><disks><disk name='vda'><driver type='raw'/></disk></disks>"
         "</domainsnapshot>", "qcow2 file"),
        ("<domainsnapshot><disks><disk name='vda' type='block'/></disks></domainsnapshot>",
         "qcow2 file"),
        ("<domainsnapshot><disks><disk name='vda'><source file='/a'><seclabel/></source></disk>"
         "</disks></domainsnapshot>", "know <seclabel>"),
        ("<domainsnapshot><disks><disk/></disks></domainsnapshot>", "no name="),
        ("<domainsnapshot><disks><disk name='vda'/><disk name='vda'/></disks></domainsnapshot>",
         "vda twice"),
        ("<domainsnapshot><disks><disk name='vda' snapshot='manual'/></disks></domainsnapshot>",
         "manual"),
        ("<domainsnapshot><disks><disk name='vda' snapshot='no'><source file='/a'/></disk>"
         "</disks></domainsnapshot>", "not external"),
        ("<domainsnapshot><memory snapshot='external'/></domainsnapshot>", "go together"),
        ("<domainsnapshot><memory snapshot='no' file='/m'/></domainsnapshot>", "go together"),
        ("<domainsnapshot><memory snapshot='internal'/><disks><disk name='vda'>"
         "<source file='/a'/></disk></disks></domainsnapshot>", "beside external disks"),
    ],
)  # fmt: skip
def test_what_would_be_left_out_unsaid_is_refused(xml: str, why: str) -> None:
    with pytest.raises(SnaptuiError, match=why):
        from_xml(xml)


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{domain}-{n}", ["web-1", "web-2", "web-3"]),
        ("before {date}", ["before 20261120", "before 20261120-2", "before 20261120-3"]),
        ("{{x}} {time}", ["{x} 025500", "{x} 025500-2", "{x} 025500-3"]),
    ],
)
def test_names_after_a_template_are_free(template: str, names: list[str]) -> None:
    assert template_problem(template) == ""
    moment = time.mktime((2026, 11, 20, 2, 55, 0, 0, 0, -1))
    taken: list[str] = []
    for _ in names:
        taken.append(suggested_name(template, moment, "web", taken))
    assert taken == names


@pytest.mark.parametrize("template", ["", " ", "{", "{x}", "{}", "{n:>9}", "{n!r}", "{0}", "{n.a}"])
def test_what_cannot_be_a_template_is_told(template: str) -> None:
    assert template_problem(template) != ""


def test_an_hour_that_comes_twice_gives_no_name_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one of a clock that goes back is counted on."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    half_past = 1_792_888_200  # 2026-10-25T00:30:00Z: 02:30, and so it is an hour later
    template = "snap-{date}-{time}"
    first = suggested_name(template, half_past, "web", ())
    assert first == "snap-20261025-023000"
    second = suggested_name(template, half_past + 3600, "web", {first})
    assert second == "snap-20261025-023000-2"
    monkeypatch.undo()
    time.tzset()
