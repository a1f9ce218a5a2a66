"""A change whose answer never came, and edits made elsewhere."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import threading
from pathlib import Path

import pytest

from snaptui.backend.virt.backend import LibvirtBackend
from snaptui.common.worker import Worker
from snaptui.monitor import snapshots
from tests.lab import Lab
from tests.terminal import Terminal, at_snapshots, confirm


def test_a_change_without_an_answer_is_unknown_until_the_host_is_asked(own_lab: Lab) -> None:
    own_lab.define("web", running=True)
    own_lab.snapshot("web", "before")
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        at_snapshots(terminal, "before")
        terminal.press("c")
        terminal.wait("Ready, ")
        with own_lab.frozen("web"):
            confirm(terminal)
            terminal.wait("take the snapshot", "running for")
            own_lab.daemon.kill()
            terminal.wait("unknown, asking the host")
            terminal.press("c")
            terminal.wait("Not now")
        own_lab.daemon.restart()
        terminal.wait("Create a snapshot of web: failed")
        names = own_lab.snapshots("web")
        assert names == ["before"]
        terminal.wait("Nothing was changed")


def test_what_takes_longer_than_thirty_seconds_is_not_called_failed(
    lab: Lab, tmp_path: Path
) -> None:
    """No timer judges it, and nothing else is offered for the domain meanwhile."""
    lab.define("web", running=True, memory=256)
    qemu = lab.qemu("web")
    with Terminal(["-c", lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        (journal,) = (tmp_path / "state" / "snaptui" / "journal").iterdir()

        def freeze_in_the_step() -> None:
            while b'"event": "step"' not in journal.read_bytes():
                continue
            os.kill(qemu, signal.SIGSTOP)

        freezer = threading.Thread(target=freeze_in_the_step, daemon=True)
        freezer.start()
        try:
            confirm(terminal)
            past = re.compile(r"take the snapshot .*, running for 3[1-9] s")
            terminal.until(lambda: past.search(terminal.text) is not None, "31 s", 60)
            for key in ("c", "d", "r"):
                terminal.press(key)
                terminal.wait("Not now: web: take the snapshot")
                assert "failed" not in terminal.text
                assert "force" not in terminal.text.lower()
        finally:
            freezer.join()
            os.kill(qemu, signal.SIGCONT)
        terminal.wait("Create a snapshot of web: done")
    assert len(lab.snapshots("web")) == 1


async def test_edits_made_elsewhere_are_seen(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EDITS", 0.5)
    key = lab.define("web")
    for name in ("one", "two"):
        lab.snapshot("web", name)
    backend, worker, changed = LibvirtBackend(lab.uri), Worker(), asyncio.Event()
    await worker.reads.call(backend.connect)
    watch = snapshots.SnapshotWatch(backend, worker, on_change=changed.set)

    def described() -> str:
        known = watch.shown.snapshots if watch.shown is not None else None
        return known.details["one"].description if known and "one" in known.details else ""

    watch.select(key)
    watch.show(("one", "two"))
    xml = lab.virsh("snapshot-dumpxml", "web", "one")
    path = lab.directory / "edited.xml"
    path.write_text(
        xml.replace("<name>one</name>", "<name>one</name><description>new</description>")
    )
    lab.virsh("snapshot-create", "web", str(path), "--redefine")
    async with asyncio.timeout(15):
        while described() != "new":
            changed.clear()
            await changed.wait()
    watch.stop()
    backend.abandon()


def test_a_change_that_goes_on_after_the_connection_was_lost_is_not_judged_too_soon(
    own_lab: Lab,
) -> None:
    """The host still works on it: nothing is said of its end before."""
    own_lab.define("web", running=True)
    with Terminal(["-c", own_lab.uri, "web"]) as terminal:
        terminal.wait("no snapshots yet")
        terminal.press("c")
        terminal.wait("Ready, ")
        with own_lab.frozen("web"):
            confirm(terminal)
            terminal.wait("take the snapshot", "running for")
            own_lab.daemon.pause()
            try:
                terminal.wait("connection lost")
            finally:
                own_lab.daemon.resume()
            terminal.wait("unknown, asking the host", "connected")
            assert "done" not in terminal.text
        terminal.wait("Create a snapshot of web: done")
