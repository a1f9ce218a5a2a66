"""The XML of storage pools (formatstorage.html)."""

from __future__ import annotations

from snaptui.backend.virt.xml import parse


def pool_kind(xml: str) -> str:
    """The type of a storage pool (``dir``, ``logical``)."""
    return parse(xml).get("type", "")


def pool_target(xml: str) -> str:
    """The directory of a pool; empty when it has none (formatstorage.html, *Target elements*)."""
    path = parse(xml).findtext("target/path") or ""
    return path if path.startswith("/") else ""
