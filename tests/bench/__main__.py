"""Measures the budgets and prints them as a table; fails when one is exceeded."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench import (
    counting,
    growth,
    keys,
    launch,
    link,
    listing,
    many,
    operations,
    survey,
)
from tests.lab import Lab


def main() -> int:
    directory = Path(tempfile.mkdtemp(prefix="snaptui-", dir="/tmp"))
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = str(directory)
    lab = Lab(directory)
    over = False
    try:
        parts = (launch, listing, operations, link, keys, counting, survey, many, growth)
        for part in parts:
            for figure in part.measure(lab):
                print(figure.line(), flush=True)
                over = over or figure.over
    finally:
        lab.daemon.stop()
        shutil.rmtree(directory)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
