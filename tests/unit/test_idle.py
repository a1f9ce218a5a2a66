"""Reads that give way, against ionice."""

from __future__ import annotations

import subprocess
import threading

from snaptui.backend.files.io_priority import idle_io


def scheduling() -> str:
    told = subprocess.run(
        ["ionice", "-p", str(threading.get_native_id())], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def test_the_reads_of_this_thread_give_way_for_a_while() -> None:
    before = scheduling()
    with idle_io():
        assert scheduling() == "idle"
    assert scheduling() == before
