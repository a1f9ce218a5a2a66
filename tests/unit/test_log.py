"""The log keeps its last lines, and nothing else is cut."""

from __future__ import annotations

import os
from pathlib import Path

from snaptui.common import log


def test_a_long_log_keeps_whole_last_lines() -> None:
    line = b"libvirt said something\n"
    descriptor = log.opened()
    try:
        os.write(descriptor, line * (log.MOST // len(line)))
        log.bound(descriptor)
        assert log.path().stat().st_size > log.KEPT, "it is not too long yet"
        os.write(descriptor, line + b"the last\n")
        log.bound(descriptor)
        os.write(descriptor, b"after that\n")
    finally:
        os.close(descriptor)
    kept = log.path().read_bytes()
    assert log.KEPT - len(line) < len(kept) <= log.KEPT + len(line)
    assert kept.startswith(line)
    assert kept.endswith(line + b"the last\nafter that\n")


def test_another_file_is_not_cut(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(log.MOST + 1))
    os.close(log.opened())
    with other.open("r+b") as f:
        log.bound(f.fileno())
    assert other.stat().st_size == log.MOST + 1
