"""snaptui with a fault in what runs in its background: python -m tests.live.at_fault ARGUMENTS"""

from __future__ import annotations

import sys

from snaptui.cli.main import main
from snaptui.monitor.free_space import Filling


async def _fail(_self: Filling) -> None:
    raise RuntimeError("a fault in the background")


if __name__ == "__main__":
    Filling.run = _fail  # type: ignore[method-assign, assignment]  # on purpose
    sys.exit(main())
