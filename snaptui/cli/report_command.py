"""``snaptui report``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snaptui.cli import report, report_reading
from snaptui.cli.tools import INCOMPLETE, backend_class, write
from snaptui.config import load

if TYPE_CHECKING:
    from snaptui.backend.protocol import Backend


def run(words: Sequence[str]) -> int:
    """Print what snapshots cost; returns the exit status.

    Raises:
        SnaptuiError: there is no report.
    """
    options = _parser().parse_args(words)
    backend: Backend | None = None
    if not options.wanted or not all(map(report_reading.is_image, options.wanted)):
        from snaptui.backend.virt.uris import default_uri, is_local

        uri = options.connect or load(options.config).uri or default_uri()
        # libvirt passes volumes of another host on to connections that may write only
        backend = backend_class()(uri, read_only=is_local(uri))
        backend.connect()
    made = report_reading.make_report(backend, options.wanted)
    write(report.as_json(made) if options.json else report.as_text(made))
    return 0 if made.whole else INCOMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="snaptui report",
        description="What snapshots cost, for scripts and monitoring.",
        epilog="Exit status: 0 when all could be read, 3 when the report says of something that it"
        " could not, 2 when there is no report, 1 after a fault of snaptui.",
    )
    add = parser.add_argument
    add("wanted", nargs="*", metavar="DOMAIN|IMAGE", help="default: all domains; ./x is an image")
    add("--json", action="store_true", help="as JSON, sizes in bytes")
    add("-c", "--connect", metavar="URI", help="the libvirt host; default: libvirt's own")
    add("--config", type=Path, metavar="FILE", help="read this configuration file")
    return parser
