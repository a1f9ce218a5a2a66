"""A slice of the worlds that are composed by chance: ``make worlds`` has as many as one likes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import stacks
from tests.stacks import Stack
from tests.worlds import place
from tests.worlds.run import add_up

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces take root")

SEED, WORLDS, LIED_TO = 20261129, 5, 6
KINDS = ("lost", "undo", "space", "figure", "refusal", "works", "after")


def stack(newer: bool) -> Stack:
    if newer and (why := stacks.missing()):
        pytest.skip(why)
    return stacks.stacks()[newer]


@pytest.mark.parametrize("newer", [False, True], ids=["host", "newer"])
def test_plans_are_true_in_worlds_nobody_thought_of(newer: bool) -> None:
    found = add_up(stack(newer), SEED, LAST=str(WORLDS))
    assert not found.lying, found.lying
    assert not found.down
    assert found.worlds == WORLDS
    assert found.carried_out
    assert found.undone


def test_a_planted_lie_of_each_kind_is_found() -> None:
    """All of them in one run: each world is judged once for each lie."""
    found = add_up(stack(False), SEED, LAST=str(LIED_TO), LIE=" ".join(KINDS))
    assert found.kinds == set(KINDS)


@pytest.mark.parametrize("code", [
    "open('/etc/hostname', 'a')",
    "place.inside('/etc/hostname')",
    "place.inside('/tmp/worlds/../other')",
    "place.checked(['virsh', '--diskspec', 'vda,file=/var/lib/x'])",
    "place.checked(['qemu-img', 'info', '/dev/loop0'])",
    "os.symlink('/etc', '/tmp/worlds/link'); place.inside('/tmp/worlds/link/passwd')",
    "__import__('libvirt').open('qemu:///system')",
    "__import__('socket').create_connection(('127.0.0.1', 22))",
])  # fmt: skip
def test_nothing_outside_can_be_reached_or_changed(code: str) -> None:
    done = inside(f"try:\n    {code}\nexcept Exception as e:\n    print('kept out', e)\n")
    assert done.startswith("kept out"), done


def test_no_socket_and_no_process_of_the_host_is_there() -> None:
    said = inside(
        "print(sorted(os.listdir('/run')), os.listdir('/tmp'), "
        "[p for p in os.listdir('/proc') if p.isdigit()], "
        "'@' in open('/proc/net/unix').read())"
    )
    assert said == "['mount'] ['worlds'] ['1'] False\n"


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


def started(code: str) -> subprocess.Popen[str]:
    return place.start(["tests.worlds.trial"], {"CODE": code})


def inside(code: str) -> str:
    running = started(code)
    said, _ = running.communicate(timeout=60)
    return said
