"""The command line."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from snaptui import __version__
from snaptui.cli.tools import add_config, backend_class, parted, wanted
from snaptui.common import commands, log, text
from snaptui.common.errors import ConfigError, Disconnected, NotPermitted, SnaptuiError
from snaptui.common.masking import fault, label
from snaptui.common.state_files import state_directory
from snaptui.common.threads import begun
from snaptui.config import MONO, Config, HostEntry, load

if TYPE_CHECKING:
    from snaptui.backend.protocol.connection import Connection
    from snaptui.backend.virt.backend import LibvirtBackend
    from snaptui.common.quiet import Quiet
    from snaptui.model.domain import Domain
    from snaptui.model.host import Host
    from snaptui.session import KnownHost

T = TypeVar("T")

FAULT = 1
"""What it exits with after a fault of its own; 2 is a mistake of others, 128 and more a signal."""
PATIENCE = 3.0
"""Seconds to wait for the host before anything is shown."""
AGAIN = 0.2
"""Seconds between two looks whether Ctrl+C was pressed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run snaptui; returns the exit code, 2 when it could not start."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    # numpy's algebra, which nothing here needs, would begin with a thread for each processor
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.excepthook = lambda _kind, error, _trace: _tell_fault(error)
    threading.excepthook = lambda failed: _tell_fault(failed.exc_value)
    try:
        if words[:1] == ["report"]:
            from snaptui.cli import report_command

            return report_command.run(words[1:])
        if words[:1] == ["check"]:
            from snaptui.cli import check_command

            return check_command.run(words[1:])
        made = parser()
        options, unknown = made.parse_known_args(words)
        if unknown:
            meant = commands.meant(options.wanted[0]) if options.wanted else ""
            made.error(f"unrecognized arguments: {' '.join(unknown)}{meant and f'. {meant}'}")
        return _run(options)
    except SnaptuiError as error:
        said = " ".join(f"{error.message} {error.hint}".split())
        print(f"snaptui: {text.literal(said)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _tell_fault(error: BaseException | None) -> None:
    if error is not None:  # past Textual, which keeps what is printed
        os.write(2, fault(error).encode("utf-8", "backslashreplace"))


def parser() -> argparse.ArgumentParser:
    """The arguments of ``snaptui``."""
    made = argparse.ArgumentParser(
        prog="snaptui",
        description="A terminal browser for the snapshots of libvirt domains.",
        epilog="snaptui report prints what snapshots cost, snaptui check tells monitoring how they"
        " are; each has its --help. Exit status: 0 after it was left, 1 after a fault of snaptui,"
        " 2 when it could not start, 128 and the number of the signal that ended it. Files:"
        " ~/.config/snaptui/config.toml, its configuration; ~/.local/state/snaptui, its log"
        " (snaptui.log), its journal and copies of XML.",
    )
    add = made.add_argument
    add(
        "wanted",
        nargs="*",
        type=wanted,
        metavar="DOMAIN|IMAGE|@GROUP",
        help="a domain is selected, an image opened by itself, a group opens all its hosts",
    )
    add(
        "-c", "--connect", metavar="URI", action="append", default=[],
        help="a libvirt host, or the name of one in the configuration; several times for several;"
        " default: those of the configuration, or libvirt's own",
    )  # fmt: skip
    add("--demo", action="store_true", help="try it on a private host that is removed afterwards")
    add("--read-only", action="store_true", help="change nothing")
    add("--ascii", action="store_true", help="draw with ASCII characters only")
    add("--no-mouse", action="store_true", help="do not use the mouse")
    add_config(made)
    add("--version", action="version", version=f"snaptui {__version__}")
    return made


def _run(options: argparse.Namespace) -> int:
    if options.demo and options.connect:
        raise ConfigError("--demo makes a host of its own: leave out -c.")
    config = load(options.config)
    groups, words = parted(options.wanted)
    entries = _entries(options, config, groups)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(
            "snaptui needs a terminal for its input and its output.",
            hint=commands.meant(words[0]) if words else "",
        )
    with _quiet_while_nothing_is_asked(options, entries) as typed:
        return _shown(options, config, entries, words, typed)


def _entries(
    options: argparse.Namespace, config: Config, groups: Sequence[str]
) -> tuple[HostEntry, ...]:
    """The hosts to begin with, each once.

    Raises:
        ConfigError: there is no such group.
    """
    if options.demo:
        if groups:
            raise ConfigError("--demo makes a host of its own: leave out the group.")
        return (HostEntry(),)
    asked = [*options.connect, *groups]
    if not asked and config.uri is None and config.hosts:
        return config.hosts
    return config.chosen(asked)


def _quiet_while_nothing_is_asked(
    options: argparse.Namespace, entries: Sequence[HostEntry]
) -> AbstractContextManager[Quiet | None]:
    """Keep the terminal from showing what is typed; ssh asks on it, and is left alone."""
    from snaptui.backend.virt.uris import default_uri, is_local, resolved
    from snaptui.common.quiet import quiet

    # where there are several, nothing is asked before the screen is there
    several = len(entries) > 1
    near = options.demo or several or is_local(resolved(entries[0].uri or default_uri()))
    return quiet() if near else nullcontext()


def _shown(
    options: argparse.Namespace,
    config: Config,
    entries: Sequence[HostEntry],
    words: Sequence[str],
    typed: Quiet | None,
) -> int:
    with _imported_for_good():
        make_backend = backend_class()

    def reach(entry: HostEntry) -> LibvirtBackend:
        only_look = options.read_only or config.read_only or entry.read_only
        return make_backend(entry.uri, read_only=only_look)

    with _demo() if options.demo else nullcontext(None) as uri:
        made = [HostEntry(uri)] if uri else entries
        reached = [(entry, reach(entry)) for entry in made]
        connecting = _begin(reached)
        # Textual takes a fifth of a second to import: not before the arguments are known to be good
        with _imported_for_good():
            from snaptui.ui import keymap
            from snaptui.ui.app import SnaptuiApp
            from snaptui.ui.context import Settings

        try:
            keymap.check(config.keys)
        except ConfigError as error:
            raise ConfigError(f"{config.path}: {error.message}", hint=error.hint) from error
        select, known = _known(reached, words, connecting)
        app = SnaptuiApp(
            known,
            reach,
            select=select,
            settings=Settings(
                overrides=config.keys,
                ascii_only=options.ascii or config.ascii,
                theme=MONO if os.environ.get("NO_COLOR") else config.theme,
                snapshot_name=config.snapshot_name,
                demo=options.demo,
                hosts=config,
                noticing=config.noticing,
                signs=config.author,
                kept=None if options.demo else state_directory(),
            ),
        )
        with _stderr_to_log():
            # while a program takes the mouse, GNU screen holds its Esc back until the next key
            in_screen = "STY" in os.environ
            for name in ("COLUMNS", "LINES"):  # what a shell exported stays as the terminal changes
                os.environ.pop(name, None)
            if typed is not None:
                typed.now_read()
            app.run(mouse=config.mouse and not options.no_mouse and not in_screen)
        if app.faulty or app.return_code == FAULT:
            print(f"snaptui: a fault of its own; {log.path()} has the traceback.", file=sys.stderr)
        return app.return_code or FAULT * app.faulty


@contextmanager
def _imported_for_good() -> Iterator[None]:
    """Keep the garbage collector from what is imported here.

    Nothing of it goes away, and a collection that looks through all of Textual takes longer
    than a paint: no key is answered meanwhile.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _begin(reached: Sequence[tuple[HostEntry, LibvirtBackend]]) -> Future[Host] | None:
    """Begin to connect to a host that is alone, and asks nothing, while the screen is loaded.

    A call into libvirt cannot be interrupted, and a daemon that is stopped answers none: on a
    thread that is left behind, Ctrl+C ends the program. Only ssh asks on the terminal.
    """
    from snaptui.backend.virt.uris import is_local

    (_, backend), *others = reached
    if others or not is_local(backend.uri):
        return None
    return begun(partial(backend.connect, interactive=True))


def _connected(backend: Connection, connecting: Future[Host] | None) -> Host:
    """Connect, and say so when that takes long."""
    if connecting is None:
        return backend.connect(interactive=True)
    try:
        return connecting.result(PATIENCE)
    except TimeoutError:
        host = label(backend.uri)
        # libvirt may have to run its QEMU first, to know it: seconds, in which virsh lists domains
        busy = f"{host} answers, but does not yet say which QEMU it has." if backend.answers else ""
        said = busy or f"{host} does not answer."
        print(f"snaptui: {said} Still waiting; Ctrl+C quits.", file=sys.stderr, flush=True)
        # a signal that comes just before a wait without end is not heeded in it
        while not wait([connecting], AGAIN).done:
            pass
        return connecting.result()


def _known(
    reached: Sequence[tuple[HostEntry, LibvirtBackend]],
    words: Sequence[str],
    connecting: Future[Host] | None,
) -> tuple[str | None, tuple[KnownHost, ...]]:
    """The domain to select, and the hosts; one alone is connected to and listed first.

    Raises:
        SnaptuiError: one alone cannot be connected to, and is not left out for images of this
            machine, or the words mean nothing.
    """
    from snaptui.session import KnownHost

    if len(reached) == 1:
        entry, backend = reached[0]
        try:
            host = _connected(backend, connecting)
        except (Disconnected, NotPermitted):
            if not (backend.local and words and all(map(_is_file, words))):
                raise
            paths = tuple(map(os.path.realpath, words))  # the screen says what is not known
            return None, (KnownHost(entry, backend, images=paths),)
        listed = None
        with suppress(TimeoutError):  # the screen says for how long there has been no answer
            listed = begun(backend.domains).result(PATIENCE)
        select, images = _wanted(words, host.label, listed, local=host.local)
        return select, (KnownHost(entry, backend, host, listed, images),)
    near = next((backend for _, backend in reached if backend.local), None)
    select, images = _wanted(words, "each host", None, local=near is not None)
    return select, tuple(
        KnownHost(entry, backend, images=images if backend is near else ())
        for entry, backend in {backend.uri: (entry, backend) for entry, backend in reached}.values()
    )


def _wanted(
    words: Sequence[str], host: str, listed: Sequence[Domain] | None, *, local: bool
) -> tuple[str | None, tuple[str, ...]]:
    """The domain to select, and the paths of the images to show, without symbolic links.

    A word with a slash is an image. Another one is a domain, if there is one of this name or
    UUID, or else a file; what is neither is left for the screen to say, unless it is nearly a
    command. As long as the domains are not listed (``None``) it is one of them.

    Raises:
        ConfigError: more than one domain, an image with another host, or nearly a command.
    """
    known = {word for domain in listed or () for word in (domain.name, domain.key.uuid)}
    none = listed is not None
    images = [w for w in words if "/" in w or (none and w not in known and _is_file(w))]
    domains = [word for word in words if word not in images]
    first = words[0] if words else ""
    if none and first in domains and first not in known and (meant := commands.meant(first)):
        raise ConfigError(f"No domain or file '{first}'.", hint=meant)
    if len(domains) > 1:
        raise ConfigError(
            f"One domain can be selected, not {len(domains)}: {', '.join(domains)}.",
            hint="For an image write its path with a slash (./image.qcow2).",
        )
    if images and not local:
        raise ConfigError(
            f"{images[0]} is a file on this machine, and {host} is another machine.",
            hint="Leave out the images, or run snaptui there.",
        )
    return (domains[0] if domains else None), tuple(map(os.path.realpath, images))


def _is_file(word: str) -> bool:
    """Whether it is an image, where there is no domain of this name."""
    return "/" in word or os.path.isfile(word)


def _demo() -> AbstractContextManager[str]:
    # Without --demo nothing that could build or remove anything is so much as loaded.
    from snaptui.demo.run import demo

    return demo()


@contextmanager
def _stderr_to_log() -> Iterator[None]:
    """Send what libraries and ssh write to file descriptor 2 to a log, not over the screen.

    Textual itself draws through ``sys.__stderr__``, which therefore gets a descriptor of its
    own for the terminal.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    written = log.opened()
    log.bound(written)
    os.dup2(written, 2)
    os.close(written)
    before = sys.__stderr__
    screen = open(terminal, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    sys.__stderr__ = screen  # type: ignore[misc]  # Textual draws on it
    try:
        yield
    finally:
        with suppress(OSError):  # a terminal that is gone takes no more
            screen.flush()
        os.dup2(terminal, 2)
        sys.__stderr__ = before  # type: ignore[misc]  # as it was
        with suppress(OSError):
            screen.close()
