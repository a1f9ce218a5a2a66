"""What an image names beneath it, or for its data, as QEMU understands it."""

from __future__ import annotations

import json
import os
from typing import Any

from snaptui.image_model import NotKnown
from snaptui.text import masked

_JSON = "json:"
_FORMATS = ("raw", "qcow2")


def named(image: str, name: bytes | None) -> str | NotKnown | None:
    """The path of a file that an image names.

    Relative ones start at the image; what has a colon before its first slash names a protocol
    (QEMU block.c, path_has_protocol and bdrv_get_full_backing_filename_from_filename). Options in
    JSON name a file where they open one and nothing but a format lies between.
    """
    if not name:
        return None
    spelled = _spelled(name)
    if spelled.startswith(_JSON):
        return _in_json(spelled)
    path = spelled.removeprefix("file:")
    if ":" in path.partition("/")[0] or (path != spelled and not path.startswith("/")):
        return NotKnown(f"it is named {masked(spelled)}, which is not a path")
    return os.path.join(os.path.dirname(image), path)


def declared(name: bytes | None) -> str | None:
    """The format that options in JSON give to what they name; ``None`` when they do not."""
    spelled = _spelled(name or b"")
    options = _options(spelled) if spelled.startswith(_JSON) else None
    driver = options.get("driver") if options is not None else None
    return driver if driver in _FORMATS else None


def _spelled(name: bytes) -> str:
    return os.fsdecode(name.split(b"\0")[0])  # QEMU takes it for a string of C


def _in_json(spelled: str) -> str | NotKnown:
    node = _options(spelled)
    if node is None:
        return NotKnown(f"it is named {masked(spelled)}, which cannot be read")
    while node.get("driver") in (None, *_FORMATS):
        if node.get("driver") == "raw" and {"offset", "size"} & node.keys():
            return NotKnown(f"it is named {masked(spelled)}, a part of a file (raw, at an offset)")
        beneath = _file_of(node)
        if beneath is None:
            break
        node = beneath
    path, driver = node.get("filename"), node.get("driver", "file")
    if driver in ("file", "host_device") and isinstance(path, str) and path.startswith("/"):
        return path
    kind = driver if isinstance(driver, str) and driver.isidentifier() else "?"
    return NotKnown(f"it is named {masked(spelled)} (driver {kind}), which is no path")


def _options(spelled: str) -> dict[str, Any] | None:
    try:
        found = json.loads(spelled.removeprefix(_JSON))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _file_of(node: dict[str, Any]) -> dict[str, Any] | None:
    """The options of what it is read from: an object, or keys that begin with its name."""
    inner = node.get("file")
    if isinstance(inner, dict):
        return inner
    flat = {key[5:]: value for key, value in node.items() if key.startswith("file.")}
    return flat or None
