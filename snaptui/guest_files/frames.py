"""Messages between snaptui and the process that reads: a line of JSON, then bytes."""

from __future__ import annotations

import json
import socket
from typing import Any, TypeGuard

LONGEST_LINE = 1 << 16
"""Bytes of the line of JSON, with its end."""
LONGEST_BODY = 1 << 28
"""Bytes behind it: the statuses of some million files."""


class Malformed(Exception):
    """The other side sent what is no message."""


def header(message: dict[str, Any], body: bytes) -> bytes:
    """The line that announces a body. Lone surrogates, which stand for bytes, are kept."""
    return json.dumps({**message, "length": len(body)}).encode() + b"\n"


def parse(line: bytes) -> dict[str, Any]:
    """A line of a message; ``length`` is that of its body.

    Raises:
        Malformed: it is none.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not _is_message(message) or not 0 <= message["length"] <= LONGEST_BODY:
        raise Malformed("not a message, or too long")
    return message


def _is_message(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and type(value.get("length")) is int


def send(into: socket.socket, message: dict[str, Any], body: bytes = b"") -> None:
    """Write one message; blocks."""
    into.sendall(header(message, body))
    into.sendall(body)
