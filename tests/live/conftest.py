"""The configuration that the program is tried with where a test names none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _unsigned(_surroundings: None) -> None:
    """What a description says is what was typed, whoever runs the tests, and where."""
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "snaptui" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("author = false\n")
