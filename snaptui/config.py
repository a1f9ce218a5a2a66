"""The configuration file: TOML in ``$XDG_CONFIG_HOME/snaptui/config.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
        keys: by action, the keys that replace its own.
    """

    path: Path
    uri: str | None = None
    read_only: bool = False
    ascii: bool = False
    mouse: bool = True
    theme: str = THEMES[0]
    snapshot_name: str = SNAPSHOT_NAME
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


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
        raise ConfigError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: {os.strerror(error.errno or 0)}.") from error
    except (ValueError, RecursionError) as error:  # of TOML or of UTF-8, or nested too deep
        raise ConfigError(f"{path}: {error}.") from error
    return _checked(table, path)


def _checked(table: dict[str, Any], path: Path) -> Config:
    keys = table.pop("keys", {})
    if not isinstance(keys, dict):
        raise ConfigError(f"{path}: keys must be a table.")
    kinds = {
        "uri": str, "read_only": bool, "ascii": bool, "mouse": bool, "theme": str,
        "snapshot_name": str,
    }  # fmt: skip
    for name, value in table.items():
        if name not in kinds:
            raise ConfigError(f"{path}: there is no setting {name}; known are {', '.join(kinds)}.")
        if not isinstance(value, kinds[name]):
            wanted = "a string" if kinds[name] is str else "true or false"
            raise ConfigError(f"{path}: {name} must be {wanted}.")
    theme = table.get("theme", THEMES[0])
    if theme not in THEMES:
        raise ConfigError(f"{path}: theme: there is no {theme!r}; known are {', '.join(THEMES)}.")
    if "snapshot_name" in table:
        from snaptui.model.snapshot_request import template_problem

        if problem := template_problem(table["snapshot_name"]):
            raise ConfigError(f"{path}: snapshot_name: {problem}.")
    overrides = {action: _keys(value, f"{path}: keys.{action}") for action, value in keys.items()}
    return Config(path, **table, keys=MappingProxyType(overrides))


def _keys(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(k, str) and k for k in value):
        return tuple(value)
    raise ConfigError(f"{where} must be a key or a list of keys.")


def _default_path() -> Path:
    return base_directory("XDG_CONFIG_HOME", ".config") / "snaptui" / "config.toml"
