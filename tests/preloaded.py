"""All modules of the program, imported once for all that is forked off."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

import snaptui

for found in pkgutil.walk_packages(snaptui.__path__, f"{snaptui.__name__}."):
    if not found.name.endswith("__main__"):
        import_module(found.name)
gc.collect()
gc.freeze()  # what a child looks through for garbage it would copy
