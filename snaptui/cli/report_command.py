"""``snaptui report``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from snaptui.cli import report, report_reading
from snaptui.cli.tools import INCOMPLETE, add_hosts, backend_class, hosts_of, wanted, write

if TYPE_CHECKING:
    from snaptui.backend.protocol.backend import Backend


def run(words: Sequence[str]) -> int:
    """Print what snapshots cost; returns the exit status.

    Raises:
        SnaptuiError: there is no report.
    """
    options = parser().parse_args(words)
    uris: tuple[str, ...] = ()
    if not options.wanted or not all(map(report_reading.is_image, options.wanted)):
        uris = hosts_of(options)
    hosts = {uri: partial(_connected, uri) for uri in uris}
    made = report_reading.make_report(hosts, options.wanted, options.timeout)
    write(report.as_json(made) if options.json else report.as_text(made))
    return 0 if made.whole else INCOMPLETE


def _connected(uri: str) -> Backend:
    from snaptui.backend.virt.uris import is_local

    # libvirt passes volumes of another host on to connections that may write only
    backend = backend_class()(uri, read_only=is_local(uri))
    backend.connect()
    return backend


def parser() -> argparse.ArgumentParser:
    """The arguments of ``snaptui report``."""
    made = argparse.ArgumentParser(
        prog="snaptui report",
        description="What snapshots cost, for scripts and monitoring.",
        epilog="Exit status: 0 when all could be read, 3 when the report says of something that it"
        " could not, 2 when there is no report, 1 after a fault of snaptui.",
    )
    add = made.add_argument
    add(
        "wanted", nargs="*", type=wanted, metavar="DOMAIN|IMAGE",
        help="default: all domains; ./x is an image",
    )  # fmt: skip
    add("--json", action="store_true", help="as JSON, sizes in bytes")
    add_hosts(made)
    add(
        "--timeout", type=float, default=60.0, metavar="SECONDS",
        help="what hosts have to list their domains; default: %(default)s",
    )  # fmt: skip
    return made
