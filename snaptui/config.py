"""The configuration file: TOML in ``$XDG_CONFIG_HOME/snaptui/config.toml``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from snaptui.common.errors import ConfigError
from snaptui.common.state_files import base_directory

MONO = "mono"
THEMES = ("dark", "light", "ansi", MONO)
"""What ``theme`` may be; the first is the default."""
SNAPSHOT_NAME = "snap-{date}-{time}"
"""The template for the names that a create suggests."""


NOTIFY_AFTER = 10
"""Seconds of an operation after which its end is told to who looks elsewhere."""
LONGEST_WAIT = 86_400


ALL = "all"
"""The group that every host of the file belongs to."""


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host that is to be looked at.

    Attributes:
        uri: ``None`` for libvirt's default.
        name: what it is called on the screen; empty for what it calls itself.
        group: what it is named together with others by; may be empty.
        read_only: never change anything on it.
    """

    uri: str | None = field(default=None, repr=False)
    name: str = ""
    group: str = ""
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Noticing:
    """How the end of a long operation is told to who looks elsewhere.

    Attributes:
        bell: ring the terminal's bell.
        notify: have the terminal show a notice.
        after: seconds that the operation took at least.
        title: have the terminal's title say what is under way.
    """

    bell: bool = True
    notify: bool = True
    after: int = NOTIFY_AFTER
    title: bool = True


@dataclass(frozen=True, slots=True)
class Config:
    """What the file sets; each as when it is not set.

    Attributes:
        path: the file; whether or not it exists.
        uri: the host to connect to; ``None`` for libvirt's default.
        read_only: never change anything.
        ascii: draw with ASCII characters only.
        mouse: take the mouse.
        theme: one of :data:`THEMES`.
        snapshot_name: a template for the names that a create suggests.
        author: snapshots that are taken name in their description who took them.
        bell, notify, notify_after, title: as those of :class:`Noticing`.
        keys: by action, the keys that replace its own.
        hosts: those of the file, in its order.
    """

    path: Path
    uri: str | None = None
    read_only: bool = False
    ascii: bool = False
    mouse: bool = True
    theme: str = THEMES[0]
    snapshot_name: str = SNAPSHOT_NAME
    author: bool = True
    bell: bool = True
    notify: bool = True
    notify_after: int = NOTIFY_AFTER
    title: bool = True
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    hosts: tuple[HostEntry, ...] = ()

    @property
    def noticing(self) -> Noticing:
        """How the end of a long operation is told."""
        return Noticing(self.bell, self.notify, self.notify_after, self.title)

    @property
    def words(self) -> str:
        """The names and groups of the hosts."""
        names = [one.name for one in self.hosts if one.name]
        return ", ".join([*names, *(f"@{one}" for one in self._groups)])

    @property
    def _groups(self) -> list[str]:
        return [*sorted({one.group for one in self.hosts if one.group}), ALL] if self.hosts else []

    def chosen(self, words: Iterable[str]) -> tuple[HostEntry, ...]:
        """The hosts that are meant by several words, each once; without any, the default one.

        Raises:
            ConfigError: there is no such group.
        """
        meant = (self.meant(word) for word in words)
        found = tuple(dict.fromkeys(entry for entries in meant for entry in entries))
        return found or ((self.meant(self.uri)) if self.uri else (HostEntry(),))

    def meant(self, word: str) -> tuple[HostEntry, ...]:
        """The hosts of ``@`` and a group, the one of a name, or the one of a URI.

        Raises:
            ConfigError: there is no such group.
        """
        if word in ("", "@"):
            what, names = ("A group", self._groups) if word else ("A host", [])
            hint = f"Known are {', '.join(names)}." if names else ""
            raise ConfigError(f"{what} has no name.", hint=hint or URI_HINT)
        if not word.startswith("@"):
            found = next((one for one in self.hosts if word in (one.name, one.uri)), None)
            return (found or HostEntry(word),)
        group = word[1:]
        of_group = tuple(one for one in self.hosts if group in (one.group, ALL))
        if not self.hosts:
            raise ConfigError(f"The configuration {self.path} names no host.", hint=HOSTS_HINT)
        if not of_group:
            raise ConfigError(
                f"{self.path} has no host of the group {group}.",
                hint=f"Known are {', '.join(self._groups)}.",
            )
        return of_group


URI_HINT = "Give a URI, as qemu:///system, or the name of a host of the configuration."
HOSTS_HINT = "Write one [[hosts]] for each, with name, uri and group."


def load(named: Path | None) -> Config:
    """Read the file; the defaults when none was named and there is none.

    Raises:
        ConfigError: it cannot be read or has a mistake; names the file and the key.
    """
    path = named or _default_path()
    try:
        with path.open("rb") as f:
            import tomllib  # with its regular expressions it takes 5 ms of each start

            table = tomllib.load(f)
    except (FileNotFoundError, NotADirectoryError):
        if named is None:
            return Config(path)
        raise ConfigError(f"{path}: no such file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: {os.strerror(error.errno or 0)}.") from error
    except (ValueError, RecursionError) as error:  # of TOML or of UTF-8, or nested too deep
        raise ConfigError(f"{path}: {error}.") from error
    return _checked(table, path)


_KINDS = {str: "a string", bool: "true or false", int: "a whole number"}


def _checked(table: dict[str, Any], path: Path) -> Config:
    keys = table.pop("keys", {})
    if not isinstance(keys, dict):
        raise ConfigError(f"{path}: keys must be a table.")
    kinds = {
        "uri": str, "read_only": bool, "ascii": bool, "mouse": bool, "theme": str,
        "snapshot_name": str, "author": bool, "bell": bool, "notify": bool,
        "notify_after": int, "title": bool,
    }  # fmt: skip
    hosts = _hosts(table.pop("hosts", []), path)
    for name, value in table.items():
        if name not in kinds:
            raise ConfigError(
                f"{path}: there is no setting {name}; known are {', '.join(kinds)}, keys, hosts."
            )
        if type(value) is not kinds[name]:  # true is no number of seconds
            raise ConfigError(f"{path}: {name} must be {_KINDS[kinds[name]]}.")
    if not 0 <= table.get("notify_after", NOTIFY_AFTER) <= LONGEST_WAIT:
        raise ConfigError(f"{path}: notify_after must be between 0 and {LONGEST_WAIT} seconds.")
    theme = table.get("theme", THEMES[0])
    if theme not in THEMES:
        raise ConfigError(f"{path}: theme: there is no {theme!r}; known are {', '.join(THEMES)}.")
    if "snapshot_name" in table:
        from snaptui.model.snapshot_request import template_problem

        if problem := template_problem(table["snapshot_name"]):
            raise ConfigError(f"{path}: snapshot_name: {problem}.")
    overrides = {action: _keys(value, f"{path}: keys.{action}") for action, value in keys.items()}
    return Config(path, **table, keys=MappingProxyType(overrides), hosts=hosts)


def _hosts(value: object, path: Path) -> tuple[HostEntry, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"{path}: hosts must be tables: write [[hosts]] above each.")
    entries: list[HostEntry] = []
    kinds = {"uri": str, "name": str, "group": str, "read_only": bool}
    for number, table in enumerate(value, 1):
        where = f"{path}: [[hosts]] number {number}"
        for key, found in table.items():
            if key not in kinds:
                raise ConfigError(f"{where}: there is no {key}; known are {', '.join(kinds)}.")
            if not isinstance(found, kinds[key]) or found == "":
                wanted = "a string" if kinds[key] is str else "true or false"
                raise ConfigError(f"{where}: {key} must be {wanted}.")
        if "uri" not in table:
            raise ConfigError(f"{where} has no uri.")
        if table.get("name", "").startswith("@") or table.get("group") == ALL:
            raise ConfigError(f"{where}: no name begins with @, and {ALL} is the group of all.")
        entry = HostEntry(**table)
        for other in entries:
            if entry.uri == other.uri or (entry.name and entry.name == other.name):
                raise ConfigError(f"{where}: another one has the same name or uri.")
        entries.append(entry)
    return tuple(entries)


def _keys(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(k, str) and k for k in value):
        return tuple(value)
    raise ConfigError(f"{where} must be a key or a list of keys.")


def _default_path() -> Path:
    return base_directory("XDG_CONFIG_HOME", ".config") / "snaptui" / "config.toml"
