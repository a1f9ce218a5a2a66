"""What no world has, and why: the other half of the table of what met what."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.stacks import Stack
from tests.worlds.hardware import HARDWARE

_MAPPER = Path("/dev/mapper/control")
_NEVER = {
    "the guest's own file systems": "no guest has an operating system; tests/live/test_guest.py",
    "a clock that is set": "the machine's is everybody's; times in records and headers are set",
    "a second host on the same images": "a place has one daemon; tests/live/test_next_door.py",
    "network disks that can be read": "there is no network; they are defined alone",
    "encrypted disks of a guest that runs": "what is known to end a QEMU is not sent",
    "a shareable qcow2": "libvirt refuses to define it (9.0, 11.3, 12.8)",
    "device='lun', reservations, passed devices": "a place has no device of the host",
}


def cannot_be_made(stacks: Iterable[Stack]) -> Iterator[str]:
    """Each feature that is made nowhere, or not on one of these stacks, with the reason."""
    if why := _no_volume_groups():
        yield f"volume groups: {why}"
    for stack in stacks:
        for feature, hardware in HARDWARE.items():
            if why := hardware.obstacle(stack.number, stack.root):
                yield f"{feature}, on {stack.version}: {why}"
    yield from (f"{feature}: {why}" for feature, why in _NEVER.items())


def _no_volume_groups() -> str:
    """Why there are none; block devices are loop devices, which need no device mapper."""
    try:
        os.close(os.open(_MAPPER, os.O_RDWR))
    except OSError as error:
        return f"{_MAPPER}: {error.strerror}: this kernel has no device mapper"
    return "block devices of worlds are loop devices alone"
