"""What an admin's XML makes through snaptui beside what virsh makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.errors import SnaptuiError
from snaptui.discovery.domain_facts import read_facts
from snaptui.model.choices import Form
from snaptui.model.snapshot_request import from_xml
from snaptui.operations.step_calls import perform
from snaptui.plan.create.asked import asked
from snaptui.plan.plan import CreateIntent
from snaptui.plan.planner import make_plan
from tests.lab import Lab
from tests.sample import sample

DISKS = (
    "<disk name='{0}'/>",
    "<disk name='{0}' snapshot='internal'/>",
    "<disk name='{0}' snapshot='external'/>",
    "<disk name='{0}'><source file='{0}.over'/></disk>",
    "<disk name='{0}' snapshot='no'/>",
    "<disk name='{0}' snapshot='internal'/><disk name='{1}' snapshot='internal'/>",
    "<disk name='{0}' snapshot='external'/><disk name='vdb' snapshot='no'/>",
    "<disk name='{0}'/><disk name='vda'/>",
    "<disk name='{0}.not'/>",
)
KINDS = ((Form.INTERNAL, (), ""), (Form.DISK_ONLY, ("--disk-only",), ""))
RAM = "<memory snapshot='external' file='{0}.ram'/>"
CELLS = [
    (form, flags, disks, memory, running)
    for disks in DISKS
    for running in (False, True)
    for form, flags, memory in (*KINDS, *(((Form.EXTERNAL, (), RAM),) if running else ()))
]


def made(lab: Lab) -> str:
    """What libvirt's record says of the parts, without the domain."""
    xml = lab.virsh("snapshot-dumpxml", "web", "s")
    parts = re.findall(
        r"<memory [^>]*>|<disk name[^>]*>|<source file='[^']*'", xml.split("<domain ")[0]
    )
    return " ".join(parts)


def by_virsh(lab: Lab, xml: str, *flags: str) -> str:
    file = lab.directory / "asked.xml"
    file.write_text(xml)
    lab.virsh("snapshot-create", "web", str(file), *flags, check=False)
    return made(lab) if lab.snapshots("web") else "refused"


def by_us(lab: Lab, xml: str, form: Form) -> str:
    backend = LibvirtBackend(lab.uri)
    host = backend.connect()
    (domain,) = backend.domains()
    before = CreateIntent(domain.key, "s", "", form)
    try:
        facts = read_facts(backend, host, before)
        intent = asked(from_xml(xml), before, facts)
        plan = make_plan(intent, read_facts(backend, host, intent))
        if not plan.possible:
            return "refused"
        for step in plan.steps:
            perform(backend, domain.key, step, lambda _: None)
    except SnaptuiError:
        return "refused"
    finally:
        backend.abandon()
    return made(lab)


@pytest.mark.parametrize(("form", "flags", "disks", "memory", "running"), sample(6, CELLS))
def test_the_xml_is_taken_as_virsh_takes_it(
    lab: Lab, form: Form, flags: tuple[str, ...], disks: str, memory: str, running: bool
) -> None:
    """A disk named by its path, for each kind; but for what only says that it is external.

    There virsh wants ``--disk-only`` as well, and here the kind follows.
    """
    answers = []
    for virsh in (True, False):
        lab.clean()
        lab.define("web", disks=("vda", "vdb"), running=running)
        paths = [str(lab.image("web", target)) for target in ("vda", "vdb")]
        parts = f"{memory}<disks>{disks}</disks>".format(*paths)
        xml = f"<domainsnapshot><name>s</name>{parts}</domainsnapshot>"
        answers.append(by_virsh(lab, xml, *flags) if virsh else by_us(lab, xml, form))
        for path in paths:
            for left in Path(path).parent.glob(f"{Path(path).stem}*"):
                left.unlink(missing_ok=True)
    theirs, ours = answers
    if form is Form.INTERNAL and theirs == "refused":
        assert ours == "refused" or "external" in ours
    else:
        assert ours == theirs
