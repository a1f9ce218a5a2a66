"""The domains of the demo: real images, real QEMU, snapshots of the last three months.

It imports libvirt itself because it builds the host before there is a backend to ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import libvirt

from snaptui.backend.virt.events import start_event_loop
from snaptui.common.errors import HostError, Unsupported
from snaptui.demo.daemon import Daemon
from snaptui.demo.guest import Guest
from snaptui.demo.setups import how_to_install

HOUR = 3600
DAY = 24 * HOUR


def build(daemon: Daemon, images: Path) -> None:
    """Define the domains, all at once, with images in an existing directory.

    When it does not come to its end, for whatever reason, the daemon is stopped: the calls
    under way end with it.

    Raises:
        Unsupported: QEMU, or libvirt's driver for it, is not installed.
        HostError: libvirt or qemu-img refuses something.
    """
    start_event_loop()
    now = int(time.time())
    pool = ThreadPoolExecutor(len(STORIES), thread_name_prefix="demo")
    try:
        told = [
            pool.submit(_tell, story, daemon.uri, images, name, now)
            for name, story in STORIES.items()
        ]
        for one in as_completed(told):
            one.result()
    except BaseException:
        daemon.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _tell(story: Callable[[Guest, int], None], uri: str, images: Path, name: str, now: int) -> None:
    try:
        connection = libvirt.open(uri)
    except libvirt.libvirtError as error:
        hint = how_to_install()
        raise Unsupported(f"libvirt's QEMU driver cannot be used: {error}.", hint=hint) from error
    try:
        story(Guest(connection, images, name), now)
    except libvirt.libvirtError as error:
        raise HostError(f"The demo's domain {name} cannot be made: {error}.") from error
    finally:
        connection.close()


def _web01(guest: Guest, now: int) -> None:
    """A chain with a fork, and snapshots with RAM."""
    guest.define("nginx and the shop", {"vda": 20})
    guest.write("vda", 0, 3)
    guest.snapshot("base", "as installed")
    guest.write("vda", 2, 4)
    guest.start()
    guest.snapshot("pre-upgrade", "before nginx 1.28")
    guest.power_off()
    guest.write("vda", 4, 3)
    guest.start()
    guest.snapshot("post-upgrade", "nginx 1.28, all tests green")
    guest.revert("pre-upgrade")
    guest.power_off()
    guest.write("vda", 8, 2)
    guest.snapshot("experiment", "what if we took HTTP/3 as well")
    guest.revert("post-upgrade")
    hours = {"base": 24 * 90, "pre-upgrade": 75, "post-upgrade": 51, "experiment": 13}
    guest.age({name: now - ago * HOUR for name, ago in hours.items()})


def _db01(guest: Guest, now: int) -> None:
    """Two disks."""
    guest.define("PostgreSQL; data on vdb", {"vda": 10, "vdb": 50})
    guest.write("vda", 0, 2)
    guest.write("vdb", 0, 1)
    guest.snapshot("base", "as installed, without data")
    guest.write("vdb", 1, 4)
    guest.snapshot("before-migration", "schema 41")
    guest.write("vda", 1, 1)
    guest.write("vdb", 3, 3)
    guest.start()
    guest.age({"base": now - 62 * DAY - 5 * HOUR, "before-migration": now - 8 * DAY - 2 * HOUR})


def _mail(guest: Guest, now: int) -> None:
    """An external snapshot: the guest writes to an overlay since."""
    guest.define("Postfix and Dovecot", {"vda": 30})
    guest.write("vda", 0, 3)
    guest.overlay("before-dkim", "the signing keys are not there yet", "vda")
    guest.write("vda", 2, 2)
    guest.start(paused=True)
    guest.age({"before-dkim": now - 12 * DAY - 7 * HOUR})


def _files(guest: Guest, now: int) -> None:
    """A chain of nights, and an entry in the image that libvirt knows nothing of."""
    guest.define("the file server; off for the move to the new rack", {"vda": 40})
    nights = {}
    for night in range(6):
        guest.write("vda", night, 2)
        if night == 3:
            guest.make_unmanaged("by-hand-before-quota", "vda")
        name = f"nightly-{night + 1}"
        guest.snapshot(name, "")
        nights[name] = (now // DAY - 6 + night) * DAY + 2 * HOUR + 30 * 60
    guest.age(nights)


def _build(guest: Guest, _now: int) -> None:
    """Without snapshots."""
    guest.define("runs the CI jobs; nothing on it is kept", {"vda": 15})
    guest.write("vda", 0, 2)


STORIES: dict[str, Callable[[Guest, int], None]] = {
    "web01": _web01,
    "db01": _db01,
    "mail": _mail,
    "files": _files,
    "build": _build,
}
"""What happened to each domain, by its name."""
