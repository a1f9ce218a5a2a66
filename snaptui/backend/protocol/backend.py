"""One host with all that is asked of it; a function takes no more of it than it needs."""

from __future__ import annotations

from typing import Protocol

from snaptui.backend.protocol.changes import Changes
from snaptui.backend.protocol.connection import Connection
from snaptui.backend.protocol.files import Files
from snaptui.backend.protocol.reads import Reads


class Looks(Reads, Files, Protocol):
    """All that can be looked at, and nothing that changes anything."""


class Backend(Connection, Looks, Changes, Protocol):
    """One host."""
