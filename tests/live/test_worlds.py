"""A slice of the worlds that are composed by chance: ``make worlds`` has as many as one likes."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from tests import stacks
from tests.stacks import Stack
from tests.worlds import place
from tests.worlds.inside import as_data
from tests.worlds.lies import LIES
from tests.worlds.making import worlds
from tests.worlds.missing import cannot_be_made
from tests.worlds.recipe import whole
from tests.worlds.run import add_up, told

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces take root")

SEED, WORLDS = 20261201, 6
"""Of the slice, on each stack."""
LIED_ABOUT = {1: LIES.keys() - {"harm"}, 3: {"", "harm", "doubt"}}
"""By number of a world of the slice, the lies that are planted into what is asked there."""
MORE = "write -P 0x3c 1M 512k"
FROZEN = [
    ["define", "a", "plain", "an agent"],
    ["start", "a"],
    ["freeze", "a"],
]
WHILE_FROZEN = ("create external, frozen", "thaw", "create external, frozen")
TRUE = {"", "doubt"}
CALLED = {"harm": "refusal"}
"""The kinds of statements that are found where others are planted."""


def stack(name: str) -> Stack:
    if not (found := stacks.stacks([name])):
        pytest.skip(stacks.missing())
    return found[0]


@pytest.mark.parametrize("name", ["host", *(suite.name for suite in stacks.SUITES)])
def test_plans_are_true_in_worlds_nobody_thought_of(name: str) -> None:
    found = add_up(stack(name), SEED, LAST=str(WORLDS))
    assert not found.lying, found.lying
    assert not found.down
    assert not found.broke
    assert found.worlds == WORLDS
    assert found.counted
    assert found.carried_out
    assert found.undone


def test_planted_lies_are_found_and_no_others() -> None:
    """A harm that is said to be possible may happen or not."""
    slice_ = [*islice(worlds(SEED), WORLDS)]
    asked = [(slice_[number], lie) for number, lies in LIED_ABOUT.items() for lie in sorted(lies)]
    given = json.dumps([(as_data(world), lie) for world, lie in asked])
    found: dict[str, set[str]] = {lie: set() for lie in LIES}
    lines = (line for line in told(stack("host"), SEED, WORLDS=given) if "number" in line)
    for (_, lie), line in zip(asked, lines, strict=True):
        found[lie] |= {kind for one in line["verdicts"] for kind, _ in one["lies"]}
    seen = {lie for lie, kinds in found.items() if CALLED.get(lie, lie) in kinds}
    assert seen == LIES.keys() - TRUE
    assert not any(found[lie] for lie in TRUE)


@pytest.mark.parametrize("name", ["host", *(suite.name for suite in stacks.SUITES)])
def test_a_guest_stays_frozen_until_it_is_thawed(name: str) -> None:
    """Of an agent that answers in the place of a guest's, and what it was asked."""
    asked = [[verb, "a", number] for number, verb in enumerate(WHILE_FROZEN)]
    given = json.dumps([([SEED, 0, FROZEN, asked], "")])
    (world,) = (line for line in told(stack(name), SEED, WORLDS=given) if "number" in line)
    assert "frozen" in world["features"]
    found = world["verdicts"]
    assert [one["lies"] for one in found] == [[], [], []]
    assert [one["happened"].startswith("error") for one in found] == [True, False, False]
    assert [one["carried out"] for one in found] == [False, True, True]


def test_what_cannot_be_made_is_told_with_its_reason() -> None:
    told_of = list(cannot_be_made([Stack("old", "9.0", "7.2", Path("/"))]))
    assert any(one.startswith("volume groups: ") for one in told_of)
    (store,) = (one for one in told_of if one.startswith("variables in a varstore"))
    assert store.endswith("it takes libvirt 12.1")
    assert all(one.partition(": ")[2] for one in told_of)


@pytest.mark.parametrize("code", [
    "open('/etc/hostname', 'a')",
    "place.inside('/etc/hostname')",
    "place.inside('/tmp/worlds/../other')",
    "place.checked(['virsh', '--diskspec', 'vda,file=/var/lib/x'])",
    "place.checked(['qemu-img', 'info', '/dev/loop0'])",
    "place.checked_xml('<source file=\"/var/lib/x\"/>')",
    "place.checked_xml('<path>/tmp/worlds/../x</path><emulator>/usr/bin/x</emulator>')",
    "open('/proc/sys/vm/swappiness', 'a')",
    "open('/sys/kernel/mm/ksm/run', 'a')",
    "os.symlink('/etc', '/tmp/worlds/link'); place.inside('/tmp/worlds/link/passwd')",
    "__import__('libvirt').open('qemu:///system')",
    "__import__('socket').create_connection(('127.0.0.1', 22))",
])  # fmt: skip
def test_nothing_outside_can_be_reached_or_changed(code: str) -> None:
    done = inside(f"try:\n    {code}\nexcept Exception as e:\n    print('kept out', e)\n")
    assert done.startswith("kept out"), done


@pytest.mark.parametrize("name", ["host", *(suite.name for suite in stacks.SUITES)])
def test_nothing_else_is_mounted_so_that_it_could_be_written_to(name: str) -> None:
    root = stack(name).root
    tpm = {str((root / one).resolve()) for one in ("var/lib/swtpm-localca", "var/log/swtpm")}
    code = "print(*(path for path, how in place.mounts() if 'rw' in how.split(',')))"
    ours = {"/tmp", str(place.IMAGES), "/run", "/dev", "/dev/pts", "/proc"}
    assert set(inside(code, ROOT=str(root)).split()) == ours | tpm


def test_no_socket_and_no_process_of_the_host_is_there() -> None:
    said = inside(
        "print(sorted(os.listdir('/run')), os.listdir('/tmp'), "
        "[p for p in os.listdir('/proc') if p.isdigit()], "
        "'@' in open('/proc/net/unix').read())"
    )
    assert said == "['mount'] ['worlds'] ['1'] False\n"


def test_a_tool_that_goes_down_or_hangs_is_noticed() -> None:
    code = (
        "place.watch('/bin/true'); place.subprocess.run(['true']); print(place.tool_down())\n"
        "place.TIME = 0.1; place.watch('/bin/sleep')\n"
        "place.subprocess.run(['sleep', '60']); print(place.tool_down())\n"
        "place.MARKED.unlink(); place.watch('/bin/sh')\n"
        "place.subprocess.run(['sh', '-c', 'kill -KILL $$']); print(place.tool_down())\n"
    )
    assert inside(code).split() == ["False", "True", "True"]


def test_the_end_of_a_transient_guest_is_noticed() -> None:
    """Of its QEMU, which somebody kills; libvirt knows nothing of it then."""
    code = (
        "from tests.worlds.machine import Down, Machine\n"
        "from tests.worlds.steps import Step, take\n"
        "machine = Machine(place.Path('/'))\n"
        "assert take(machine, Step('define-transient', 'a', ('plain',)))\n"
        "os.kill(machine.lab.qemu('a1'), 9)\n"
        "while machine.members['a'].there: pass\n"
        "try:\n    machine.alive()\nexcept Down as down:\n    print(down)\n"
        "os._exit(0)"
    )
    assert inside(code, ROOT="/") == "a QEMU is down\n"


def test_a_definition_that_names_files_of_the_place_alone_may_be_told() -> None:
    xml = (
        "<emulator>/usr/bin/qemu-system-x86_64</emulator><partition>/machine</partition>"
        "<source file='/tmp/worlds/lab/images/a1/vda.qcow2'/><disk type='file'/>"
    )
    assert inside(f"place.checked_xml({xml!r}); print('fine')") == "fine\n"


def test_a_definition_that_is_edited_back_names_no_image_twice() -> None:
    """As a person edits it, who takes out what libvirt has listed beneath."""
    code = (
        "from tests.worlds import making\n"
        "from tests.worlds.machine import Machine\n"
        "from tests.worlds.steps import Step, take\n"
        "machine = Machine(place.Path('/'))\n"
        "steps = [('define', 'plain'), ('start',), ('external', 's1'), ('external', 's2'),\n"
        "         ('power off',), ('edit-back',)]\n"
        "for act, *words in steps:\n    assert take(machine, Step(act, 'a', tuple(words))), act\n"
        "xml = machine.virsh('dumpxml', '--inactive', 'a1', quiet=True)\n"
        "print(xml.count('/vda.s1'), xml.count('/vda.s2'), flush=True)\n"
        "os._exit(0)"
    )
    assert inside(code, ROOT="/") == "1 0\n"


def test_loop_devices_are_gone_after_a_kill() -> None:
    code = (
        "image = place.ROOT / 'image'; image.write_bytes(bytes(1 << 20))\n"
        "print(place.Loops().attach(image), flush=True)\n"
        "import signal; signal.pause()\n"
    )
    running = started(code)
    assert running.stdout is not None
    device = Path(running.stdout.readline().strip())
    backing = Path("/sys/block", device.name, "loop", "backing_file")
    assert backing.exists()
    running.kill()
    running.wait()
    assert running.stdout.read() == "", "its last process is gone when nobody can write"
    assert not backing.exists()


FOLLOWED = [
    ["define", "a", "plain", "volume", "compressed"],
    ["internal", "a", "s1"],
    ["write", "a", MORE],
    ["redefine", "a", "s1", "description"],
    ["fill", "a", "2048"],
]


@pytest.mark.parametrize("name", ["host", *(suite.name for suite in stacks.SUITES)])
def test_a_recipe_can_be_followed(name: str) -> None:
    """By a shell, on a daemon of the stack that it was found on.

    It is of a second world, whose images are copies of the first one's.
    """
    on = stack(name)
    given = json.dumps([([SEED, 0, FOLLOWED, [["describe", "a", 0]]], "after")] * 2)
    (_, world) = (line for line in told(on, SEED, WORLDS=given) if "number" in line)
    looks = (
        "virsh -q snapshot-dumpxml a2 s1 | grep -o by.hand",
        "virsh -q vol-list a2 | grep -o vdb.qcow2 | head -n 1",
        "qemu-img snapshot -l $D/a2/vda.qcow2 | grep -o s1",
        "qemu-io -r -f qcow2 -c 'read -P 0x3c 1088k 448k' $D/a2/vda.qcow2 | grep -c failed || true",
        "df --output=size $D | grep -ow '[0-9]*'",
    )
    words = "\n".join(["set -e; {", whole(on, world["recipe"]), "} > /dev/null", *looks])
    said = inside(f"place.subprocess.run(['bash', '-c', {words!r}])", ROOT=str(on.root))
    assert said.splitlines() == ["by hand", "vdb.qcow2", "s1", "0", "262144"]


def started(code: str, **environment: str) -> subprocess.Popen[str]:
    return place.start(["tests.worlds.trial"], {"CODE": code, **environment})


def inside(code: str, **environment: str) -> str:
    running = started(code, **environment)
    said, _ = running.communicate(timeout=60)
    return said
