"""``snaptui check``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from snaptui.backend.virt.uris import is_local
from snaptui.cli import check, check_reading
from snaptui.cli.tools import (
    INCOMPLETE,
    add_hosts,
    backend_class,
    file_of,
    hosts_of,
    parted,
    wanted,
    write,
)
from snaptui.common import text
from snaptui.common.errors import HostError, SnaptuiError

if TYPE_CHECKING:
    from snaptui.backend.protocol.backend import Backend


def run(words: Sequence[str]) -> int:
    """Print the state, or write metrics; returns the exit status."""
    try:
        return _check(parser().parse_args(words))
    except SnaptuiError as error:
        print(_unknown(f"{error.message} {error.hint}"))
        return check.State.UNKNOWN


def _unknown(words: str) -> str:
    return f"SNAPTUI UNKNOWN - {text.literal(' '.join(words.split()))}"


def _check(options: argparse.Namespace) -> int:
    until, now = time.monotonic() + options.timeout, time.time()
    warn, crit = check.parse(options.warn), check.parse(options.crit)
    make_backend = backend_class()

    def connect(uri: str) -> Backend:
        backend = make_backend(uri, read_only=is_local(uri))
        backend.connect()
        return backend

    groups, names = parted(options.names)
    called = hosts_of(options, groups)
    looked_at = {*warn, *crit}
    if options.prometheus is not None:
        looked_at |= {check.Limit.FULL, check.Limit.BROKEN}
    begun = [
        check_reading.Reading(name, partial(connect, uri), names, looked_at)
        for uri, name in called.items()
    ]
    hosts = [reading.result(until) for reading in begun]
    try:
        if options.prometheus is not None:
            _write_metrics(options.prometheus, check.as_metrics(hosts, now))
            return INCOMPLETE if any(host.missing for host in hosts) else 0
        verdict = check.judge(hosts, warn, crit, now, named=bool(names))
        write(str(verdict))
    except HostError as error:  # it could not be written or printed
        print(_unknown(error.message), file=sys.stderr)
        return check.State.UNKNOWN
    return verdict.state


def _write_metrics(path: Path, metrics: str) -> None:
    try:
        check_reading.write_metrics(path, metrics)
    except OSError as error:
        raise HostError(f"The metrics could not be written: {path}: {error.strerror}.") from error


class _Parser(argparse.ArgumentParser):
    """One that calls a mistake in the arguments UNKNOWN: argparse's own status is CRITICAL's."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        print(_unknown(f"{message}. See snaptui check --help."))
        sys.exit(check.State.UNKNOWN)


def parser() -> argparse.ArgumentParser:
    """The arguments of ``snaptui check``."""
    made = _Parser(
        prog="snaptui check",
        description="The state of snapshots for monitoring (Nagios, Icinga, Prometheus).",
        epilog="LIMITS are some of age=DAYS, count=N, space=SIZE, full=PERCENT, broken, odd,"
        " orphans, unfinished, frozen, with commas between. Exit status: 0 OK, 1 WARNING, 2"
        " CRITICAL, 3 UNKNOWN; what could not be read in time is never OK.",
    )
    add = made.add_argument
    add("names", nargs="*", type=wanted, metavar="DOMAIN|@GROUP", help="default: all domains")
    add_hosts(made)
    add("--warn", default="age=30,full=85,odd", metavar="LIMITS", help="default: %(default)s")
    add(
        "--crit", default="full=95,broken,unfinished", metavar="LIMITS", help="default: %(default)s"
    )
    add("--timeout", type=float, default=9.0, metavar="SECONDS", help="default: %(default)s")
    add(
        "--prometheus", type=file_of("--prometheus"), metavar="FILE",
        help="write metrics there, and print nothing",
    )  # fmt: skip
    return made
