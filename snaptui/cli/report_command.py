"""``snaptui report``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from snaptui.cli import report, report_reading
from snaptui.cli.tools import INCOMPLETE, add_hosts, backend_class, hosts_of, parted, wanted, write
from snaptui.common.masking import label

if TYPE_CHECKING:
    from snaptui.backend.protocol.backend import Backend


def run(arguments: Sequence[str]) -> int:
    """Print what snapshots cost; returns the exit status.

    Raises:
        SnaptuiError: there is no report.
    """
    options = parser().parse_args(arguments)
    groups, words = parted(options.wanted)
    called: Mapping[str, str] = {}
    if groups or not words or not all(map(report_reading.is_image, words)):
        called = hosts_of(options, groups)
    hosts = {uri: partial(_connected, uri) for uri in called}
    made = report_reading.make_report(hosts, words, options.timeout)
    names = {label(uri): name for uri, name in called.items()}
    write(report.as_json(made) if options.json else report.as_text(made, names))
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
        "wanted", nargs="*", type=wanted, metavar="DOMAIN|IMAGE|@GROUP",
        help="default: all domains; ./x is an image, a group all its hosts",
    )  # fmt: skip
    add("--json", action="store_true", help="as JSON, sizes in bytes")
    add_hosts(made)
    add(
        "--timeout", type=float, default=60.0, metavar="SECONDS",
        help="what hosts have to list their domains; default: %(default)s",
    )  # fmt: skip
    return made
