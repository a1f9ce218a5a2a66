"""How a member of a table of sentences and the values of its names become words."""

from __future__ import annotations

import enum
from collections.abc import Mapping

Names = tuple[tuple[str, str], ...]
"""What stands for the names in a sentence, sorted, so that the same compare equal."""


def named(names: Mapping[str, object]) -> Names:
    """The same as data that can be compared and hashed."""
    return tuple((name, str(value)) for name, value in sorted(names.items()))


def filled(member: enum.Enum, names: Names) -> str:
    """The words of a member, whose value is a template; what stands for a name is none."""
    template: str = member.value
    return template.format_map(dict(names))
