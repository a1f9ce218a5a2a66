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
from snaptui.cli.tools import INCOMPLETE, add_hosts, backend_class, hosts_of, write
from snaptui.common import text
from snaptui.common.errors import HostError, SnaptuiError

if TYPE_CHECKING:
    from snaptui.backend.protocol.backend import Backend


def run(words: Sequence[str]) -> int:
    """Print the state, or write metrics; returns the exit status."""
    try:
        return _check(parser().parse_args(words))
    except HostError as error:  # it could not be printed or written
        print(f"snaptui: {text.literal(error.message)}", file=sys.stderr)
        return check.State.UNKNOWN


def _check(options: argparse.Namespace) -> int:
    until, now = time.monotonic() + options.timeout, time.time()
    try:
        warn, crit = check.parse(options.warn), check.parse(options.crit)
        make_backend = backend_class()

        def connect(uri: str) -> Backend:
            backend = make_backend(uri, read_only=is_local(uri))
            backend.connect()
            return backend

        uris = hosts_of(options)
    except SnaptuiError as error:
        said = text.literal(" ".join(f"{error.message} {error.hint}".split()))
        print(f"SNAPTUI UNKNOWN - {said}")
        return check.State.UNKNOWN
    wanted = {*warn, *crit}
    if options.prometheus is not None:
        wanted |= {check.Limit.FULL, check.Limit.BROKEN}
    begun = [
        check_reading.Reading(uri, partial(connect, uri), options.names, wanted) for uri in uris
    ]
    hosts = [reading.result(until) for reading in begun]
    verdict = check.judge(hosts, warn, crit, now)
    if options.prometheus is None:
        write(str(verdict))
        return verdict.state
    try:
        check_reading.write_metrics(options.prometheus, check.as_metrics(hosts, now))
    except OSError as error:
        said = f"{options.prometheus}: {error.strerror}."
        raise HostError(f"The metrics could not be written: {said}") from error
    return INCOMPLETE if any(host.missing for host in hosts) else 0


class _Parser(argparse.ArgumentParser):
    """One that calls a mistake in the arguments UNKNOWN: argparse's own status is CRITICAL's."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        print(f"SNAPTUI UNKNOWN - {text.literal(message)}. See snaptui check --help.")
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
    add("names", nargs="*", metavar="DOMAIN", help="default: all domains")
    add_hosts(made)
    add("--warn", default="age=30,full=85,odd", metavar="LIMITS", help="default: %(default)s")
    add(
        "--crit", default="full=95,broken,unfinished", metavar="LIMITS", help="default: %(default)s"
    )
    add("--timeout", type=float, default=9.0, metavar="SECONDS", help="default: %(default)s")
    add("--prometheus", type=Path, metavar="FILE", help="write metrics there, and print nothing")
    return made
