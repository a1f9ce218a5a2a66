"""The mark of a safety snapshot: its name, which every libvirt client shows."""

import re

_NAME = re.compile(r"safety-\d{8}T\d{6}Z-")


def is_safety(name: str) -> bool:
    """Whether a snapshot is one, whoever took it: the name alone says so."""
    return _NAME.match(name) is not None
