"""The mark of a safety snapshot: its name, which every libvirt client shows."""

import re

_NAME = re.compile(r"safety-\d{8}T\d{6}Z-")


def is_safety(name: str) -> bool:
    """Whether a snapshot is one, whoever took it: the name alone says so."""
    return _NAME.match(name) is not None


def of_what(name: str) -> str:
    """The name of what a safety snapshot was taken before: its own without the mark, or marks."""
    while (found := _NAME.match(name)) is not None and found.end() < len(name):
        name = name[found.end() :]
    return name
