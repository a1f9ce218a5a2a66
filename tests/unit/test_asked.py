"""What an admin's XML means for a domain: there and back, by target and by path."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snaptui.common.errors import SnaptuiError
from snaptui.model.choices import Form
from snaptui.model.disk import Disk, Presence
from snaptui.model.domain import DomainState
from snaptui.model.snapshot import SnapshotDisk
from snaptui.model.snapshot_request import from_xml, to_xml
from snaptui.plan.create import create
from snaptui.plan.create.asked import asked
from snaptui.plan.create.overlay_paths import resolved
from snaptui.plan.facts import Facts
from snaptui.plan.plan import CreateIntent
from tests.unit.made import CDROM, KEY, STRANGE, VDA, VDB, config, facts

LEFT_OUT = Disk("vdc", "disk", "file", "/img/c.qcow2", "qcow2", snapshot=Presence.NO)
NOW = facts(disks=config(VDA, VDB, LEFT_OUT, CDROM))
STATES = st.sampled_from([DomainState.RUNNING, DomainState.SHUTOFF])
PATHS = st.sampled_from([None, "/img/a & b", "/img/<x>", "/img/a.new", "/elsewhere/日"])


def when(state: DomainState, *disks: Disk) -> Facts:
    return facts(state=state, disks=config(*disks) if disks else NOW.status.config)


@st.composite
def intents(draw: st.DrawFn) -> CreateIntent:
    """All that the fields can say."""
    form = draw(st.sampled_from(list(Form)))
    parts = [
        SnapshotDisk(target, presence, draw(PATHS) if presence is Presence.EXTERNAL else None)
        for target in ("vda", "vdb", "vdc")
        if (presence := draw(st.sampled_from([None, Presence.EXTERNAL, Presence.NO])))
    ]
    quiesce, halt, live, reuse = (draw(st.booleans()) for _ in range(4))
    return CreateIntent(
        KEY,
        draw(st.sampled_from(STRANGE)),
        draw(st.sampled_from(["", *STRANGE])),
        form,
        () if form is Form.INTERNAL else tuple(parts),
        draw(st.sampled_from(["", "/img/ram"])) if form is Form.EXTERNAL else "",
        quiesce=quiesce,
        halt=halt,
        live=live,
        reuse=reuse,
    )


@given(intents(), STATES)
def test_there_and_back_asks_for_the_same(intent: CreateIntent, state: DomainState) -> None:
    """Of every kind and choice; what is shown is what would be sent."""
    now = when(state)
    shown = to_xml(resolved(intent, now))
    back = asked(from_xml(shown), intent, now)
    new = resolved(intent, now)
    assert resolved(back, now) == new
    assert to_xml(resolved(back, now)) == shown
    assert back.form is intent.form
    assert asked(from_xml(shown), back, now) == back


@given(intents(), STATES, st.sampled_from(STRANGE))
def test_paths_that_nobody_chose_follow_the_name(
    intent: CreateIntent, state: DomainState, name: str
) -> None:
    """Also after the XML was edited, where they stand."""
    now = when(state)
    plain = tuple(replace(one, path=None) for one in intent.disks)
    intent = replace(intent, disks=plain, memory_path="")
    xml = from_xml(to_xml(resolved(intent, now)))
    back = asked(replace(xml, description="edited"), intent, now)
    wanted = replace(intent, name=name, description="edited")
    assert resolved(replace(back, name=name), now) == resolved(wanted, now)


def xml_of(*disks: str, memory: str = "") -> str:
    inside = "".join(disks)
    return f"<domainsnapshot><name>s</name>{memory}<disks>{inside}</disks></domainsnapshot>"


BY_PATH, BY_TARGET = f"<disk name='{VDA.path}'%s", "<disk name='vda'%s"


@pytest.mark.parametrize("state", [DomainState.RUNNING, DomainState.SHUTOFF])
@pytest.mark.parametrize(
    ("rest", "before", "form"),
    [
        ("/>", Form.INTERNAL, Form.INTERNAL),
        (" snapshot='internal'/>", Form.INTERNAL, Form.INTERNAL),
        ("/>", Form.DISK_ONLY, Form.DISK_ONLY),
        (" snapshot='external'/>", Form.DISK_ONLY, Form.DISK_ONLY),
        (" snapshot='external'/>", Form.INTERNAL, Form.DISK_ONLY),
        ("><source file='/o'/></disk>", Form.INTERNAL, Form.DISK_ONLY),
        ("><driver type='qcow2'/></disk>", Form.DISK_ONLY, Form.DISK_ONLY),
        (" snapshot='no'/>", Form.DISK_ONLY, Form.DISK_ONLY),
    ],
)
def test_a_path_names_its_disk(state: DomainState, rest: str, before: Form, form: Form) -> None:
    """For each kind, as the target does."""
    now = when(state, VDA, VDB)
    intent = CreateIntent(KEY, "s", "", before)
    by_path = asked(from_xml(xml_of(BY_PATH % rest)), intent, now)
    assert by_path == asked(from_xml(xml_of(BY_TARGET % rest)), intent, now)
    assert by_path.form is form
    assert {one.target for one in resolved(by_path, now).disks} <= {"vda", "vdb"}


def test_with_ram_in_a_file_disks_are_outside() -> None:
    memory = "<memory snapshot='external' file='/ram'/>"
    intent = CreateIntent(KEY, "s", "")
    found = asked(from_xml(xml_of(BY_PATH % "/>", memory=memory)), intent, NOW)
    assert (found.form, found.memory_path) == (Form.EXTERNAL, "/ram")
    assert found.disks == (SnapshotDisk("vda", Presence.EXTERNAL),)
    plain = from_xml(xml_of(memory="<memory file='/ram'/>"))
    assert asked(plain, intent, NOW).form is Form.EXTERNAL


SHARED = replace(VDB, path=VDA.path)
VOLUME = replace(VDA, source_type="volume")


@pytest.mark.parametrize(
    ("xml", "state", "disks", "why"),
    [
        (xml_of("<disk name='/nope'/>"), "running", (VDA, VDB), "no disk /nope"),
        (xml_of("<disk name='vdx' snapshot='internal'/>"), "running", (VDA,), "no disk vdx"),
        (xml_of(BY_PATH % "/>", BY_TARGET % "/>"), "running", (VDA, VDB), "vda twice"),
        (xml_of(BY_PATH % "/>"), "running", (VDA, SHARED), "is the image of vda, vdb"),
        (xml_of(BY_PATH % "/>"), "running", (VOLUME,), "no disk /img"),
        (xml_of(memory="<memory snapshot='no'/>"), "running", (VDA,), "keeps the RAM"),
        (xml_of(memory="<memory snapshot='internal'/>"), "shut off", (VDA,), "only of a running"),
    ],
)
def test_what_libvirt_does_not_take_is_said(
    xml: str, state: str, disks: tuple[Disk, ...], why: str
) -> None:
    now = when(DomainState(state), *disks)
    with pytest.raises(SnaptuiError, match=why):
        asked(from_xml(xml), CreateIntent(KEY, "s", ""), now)


def test_a_disk_that_is_never_written_to_may_be_left_out_of_an_internal_one() -> None:
    """As the XML of a snapshot that is there has it; a disk that is written to may not."""
    found = facts(disks=config(VDA, VDB, CDROM))
    intent = CreateIntent(KEY, "s", "")
    kept = "<disk name='vda' snapshot='internal'/>"
    mine = asked(from_xml(xml_of(kept, "<disk name='sda' snapshot='no'/>")), intent, found)
    assert create.plan(mine, found).possible
    less = asked(from_xml(xml_of(kept, "<disk name='vdb' snapshot='no'/>")), intent, found)
    assert not create.plan(less, found).possible
