"""What an image names beneath it, or for its data, as QEMU understands it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from snaptui.common.masking import endpoint
from snaptui.model.image import NoPath, NotKnown

_JSON = "json:"
_DEVICE = ("host_device", "host_cdrom")
_FORMATS = ("raw", "qcow2")
_LAYERS = frozenset(
    ("blkdebug", "bochs", "cloop", "compress", "copy-on-read", "dmg", "luks", "parallels",
     "preallocate", "qcow", "qcow2", "qed", "raw", "snapshot-access", "throttle", "vdi", "vhdx",
     "vmdk", "vpc")
)  # fmt: skip
"""Drivers that read all they need from what is called ``file`` (QEMU qapi/block-core.json)."""
_ELSEWHERE = frozenset(
    ("ftp", "ftps", "gluster", "http", "https", "iscsi", "iser", "nbd", "nfs", "null-aio",
     "null-co", "nvme", "rbd", "sheepdog", "ssh", "vxhs")
)  # fmt: skip
"""Drivers and protocols that open no file of the host by a name."""
_PROTOCOLS = frozenset(("file", *_DEVICE)) | _ELSEWHERE
_BESIDE = frozenset({"backing", "data-file", "log", "offset", "size"})
"""Options with which an image shows something else than what its ``file`` does."""


def is_relative(name: bytes) -> bool:
    """Whether what an image names is a path that begins nowhere."""
    return not name.startswith(b"/") and b":" not in name


def named(image: str, name: bytes | None) -> str | NotKnown | None:
    """The path of a file that an image names.

    Relative ones start at the image; what has a colon before its first slash names a protocol
    (QEMU block.c, path_has_protocol and bdrv_get_full_backing_filename_from_filename). Options in
    JSON name a file where they open one and nothing but a format lies between.

    Returns:
        ``NoPath`` where it is none; it says which files of the host it may be all the same.
    """
    if not name:
        return None
    spelled = _spelled(name)
    if spelled.startswith(_JSON):
        return _in_json(spelled)
    protocol, colon, rest = spelled.partition(":")
    if not colon or "/" in protocol:
        return os.path.join(os.path.dirname(image), spelled)
    if protocol in ("file", *_DEVICE) and rest.startswith("/"):
        return rest
    elsewhere = protocol.partition("+")[0] in _ELSEWHERE
    return NoPath(
        f"it is named {endpoint(spelled)}, which is not a path",
        frozenset() if elsewhere else None,
    )


def form(said: str | None, name: bytes | None) -> str | None:
    """The format of what an image names: as it says, or as options in JSON give it.

    The name of a protocol in place of a format stands for plain bytes, as QEMU opens them.

    Returns:
        ``None`` when neither tells it.
    """
    return "raw" if said in _PROTOCOLS else said or _declared(name)


def _declared(name: bytes | None) -> str | None:
    spelled = _spelled(name or b"")
    options = _options(spelled) if spelled.startswith(_JSON) else None
    driver = options.get("driver") if options is not None else None
    return driver if driver in _FORMATS else None


def _spelled(name: bytes) -> str:
    return os.fsdecode(name.split(b"\0")[0])  # QEMU takes it for a string of C


def _in_json(spelled: str) -> str | NotKnown:
    options = _options(spelled)
    if options is None:
        return NoPath("it is named by options in JSON that cannot be read")
    if (path := _plain(options)) is not None:
        return path
    nodes = tuple(_nodes(options))
    drivers = ", ".join(dict.fromkeys(map(_driver, filter(_chosen, nodes)))) or "none"
    places = "".join(f" at {place}" for place in dict.fromkeys(_servers(nodes)))
    part = (
        ", a part of a file at an offset" if any({"offset"} & one.keys() for one in nodes) else ""
    )
    files = _files(options)
    return NoPath(
        f"it is named by options in JSON (driver {drivers}{places}{part}), which is no path",
        frozenset(files) if files is not None else None,
    )


def _plain(node: dict[str, Any]) -> str | None:
    """The file that is read as it is, through formats alone; ``None`` where it is otherwise."""
    while (not _chosen(node) or _driver(node) in _FORMATS) and not _BESIDE & node.keys():
        beneath = node.get("file")
        if not isinstance(beneath, dict):
            break
        node = beneath
    return None if _BESIDE & node.keys() else _file(node)


def _file(node: dict[str, Any]) -> str | None:
    """The file that a node itself opens; its name is no protocol's (bdrv_fill_options)."""
    path = node.get("filename")
    opens = not _chosen(node) or _driver(node) in ("file", *_DEVICE)
    return path if opens and isinstance(path, str) and path.startswith("/") else None


def _files(node: object) -> set[str] | None:
    """All local files that a node may open; ``None`` when that cannot be told."""
    if node is None:
        return set()
    if not isinstance(node, dict):  # the name of another node, which stands nowhere
        return None
    driver = _driver(node) if _chosen(node) else "raw"
    if driver in _ELSEWHERE:
        return set()
    if (path := _file(node)) is not None:
        return {path}
    if driver not in _LAYERS or "file" not in node:
        return None
    found: set[str] = set()
    for key in ("file", "backing", "data-file", "log"):
        files = _files(node.get(key))
        if files is None:
            return None
        found |= files
    return found


def _nodes(options: object) -> Iterator[dict[str, Any]]:
    due = [options]
    while due:
        one = due.pop(0)
        if isinstance(one, dict):
            yield one
            due += one.values()
        elif isinstance(one, list):
            due += one


def _chosen(node: dict[str, Any]) -> bool:
    return "driver" in node


def _driver(node: dict[str, Any]) -> str:
    """The driver of a node as it may be shown."""
    driver = node.get("driver")
    known = isinstance(driver, str) and driver.replace("-", "_").isidentifier()
    return str(driver) if known else "?"


def _servers(nodes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """What servers are called; no other option is shown, for it may be a secret."""
    for node in nodes:
        for key in ("host", "portal", "target", "pool", "image"):
            if isinstance(value := node.get(key), str):
                yield value
        if isinstance(url := node.get("url"), str):
            yield from filter(None, [endpoint(url).partition("://")[2]])


def _options(spelled: str) -> dict[str, Any] | None:
    """Options with a node for each dotted part of their names (QEMU qdict_crumple)."""
    try:
        found = json.loads(spelled.removeprefix(_JSON))
    except (ValueError, RecursionError):
        return None
    return _crumpled(found) if isinstance(found, dict) else None


def _crumpled(node: dict[str, Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    due: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), node)]
    while due:
        at, one = due.pop()
        for key, value in one.items():
            path = (*at, *key.split("."))
            if isinstance(value, dict):
                due.append((path, value))
                continue
            place = made
            for part in path[:-1]:
                place = place.setdefault(part, {})
                if not isinstance(place, dict):
                    return None
            if isinstance(place.get(path[-1]), dict):
                return None
            place[path[-1]] = value
    return made
