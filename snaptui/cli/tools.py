"""What several commands need: the backend, and printing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from snaptui.common.errors import ConfigError, HostError, Unsupported
from snaptui.common.masking import label
from snaptui.config import ALL, load

if TYPE_CHECKING:
    from snaptui.backend.virt.backend import LibvirtBackend

INCOMPLETE = 3
"""The exit status where something could not be read, and it is said what."""
_BINDING = (
    "Install python3-libvirt (Debian, Ubuntu, Fedora), and snaptui with "
    "pipx install --python /usr/bin/python3 --system-site-packages."
)


def backend_class() -> type[LibvirtBackend]:
    """The backend, which needs libvirt's binding.

    Raises:
        Unsupported: it is not installed.
    """
    try:
        from snaptui.backend.virt.backend import LibvirtBackend
    except ImportError as error:
        if not (error.name or "").startswith("libvirt"):
            raise
        raise Unsupported(
            f"libvirt's Python binding is missing: {error}.", hint=_BINDING
        ) from error
    return LibvirtBackend


ALL_HOSTS = f"@{ALL}"
"""What ``--all-hosts`` stands for."""


def parted(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups of hosts among arguments, which begin with ``@``, and all others."""
    groups = tuple(word for word in words if word.startswith("@"))
    return groups, tuple(word for word in words if not word.startswith("@"))


def hosts_of(options: argparse.Namespace, groups: Sequence[str] = ()) -> Mapping[str, str]:
    """The hosts that ``-c``, ``--all-hosts`` and groups mean: by URI what they are called.

    That is the name in the configuration, or the URI without what is secret in it.

    Raises:
        ConfigError: the configuration has a mistake, or no such host.
    """
    from snaptui.backend.virt.uris import default_uri, resolved

    asked = [*(options.connect or ()), *groups, *([ALL_HOSTS] if options.all_hosts else ())]
    called: dict[str, str] = {}
    for entry in load(options.config).chosen(asked):
        uri = resolved(entry.uri or default_uri())
        called.setdefault(uri, entry.name or label(uri))
    return called


def add_hosts(parser: argparse.ArgumentParser) -> None:
    """Have the arguments that say which hosts are meant."""
    add = parser.add_argument
    add("-c", "--connect", action="append", metavar="URI", help="a libvirt host; several times")
    add("--all-hosts", action="store_true", help="all hosts of the configuration")
    add_config(parser)


def add_config(parser: argparse.ArgumentParser) -> None:
    """Have the argument that names another configuration file."""
    what = "read this configuration file"
    parser.add_argument("--config", type=file_of("--config"), metavar="FILE", help=what)


def wanted(word: str) -> str:
    """An argument that means a domain, an image or a group.

    Raises:
        ConfigError: it is empty.
    """
    if not word:
        raise ConfigError("A domain or an image has no name.", hint="Name one, or leave it out.")
    return word


def file_of(option: str) -> Callable[[str], Path]:
    """What takes the path of an option, and raises a :class:`ConfigError` of an empty one."""

    def path(word: str) -> Path:
        if not word:
            raise ConfigError(f"{option} has no file.", hint="Name one, or leave it out.")
        return Path(word)

    return path


def write(words: str) -> None:
    """Print all of it.

    Raises:
        HostError: it cannot be printed: a full disk, or a reader that went away.
    """
    if sys.stdout is None:
        raise HostError("It could not be printed: the standard output is closed.")
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a file
        sys.stdout.write(words)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python tries once more at its end
        raise HostError(f"It could not be printed: {error.strerror}.") from error
