"""Processes of our own beside this one: a Python that runs one of our modules.

A module has a name everywhere, and a path only where snaptui is not run from an archive.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_RUN = (
    "import runpy, sys; sys.path[:] = {paths!r};"
    " runpy.run_module(sys.argv.pop(1), run_name='__main__')"
)


def command(module: str, *words: str) -> tuple[str, ...]:
    """How to run a module that has a main part, with arguments.

    It imports from where this process does, and nothing of the directory here. The paths are in
    its own arguments: what is in its environment it would hand on to what it starts.
    """
    run = _RUN.format(paths=_import_from())
    return (sys.executable, "-I", "-S", "-c", run, module, *words)


def _import_from() -> list[str]:
    """Where this process got snaptui from, and where it imports from; no relative ones."""
    own = os.path.abspath(Path(__file__).parents[2])
    return list(dict.fromkeys([own, *filter(os.path.isabs, sys.path)]))
