"""Tries all readers, prints a table, and keeps what was found in ``build/fuzz``.

Environment: INPUTS for each reader, SEED.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.fuzz.readers import readers
from tests.fuzz.trying import SEED, attempt, table

KEPT = Path("build/fuzz")


def main() -> int:
    """Returns 1 when there is a finding."""
    inputs, seed = int(os.environ.get("INPUTS", "5000")), int(os.environ.get("SEED", SEED))
    print(f"{inputs} inputs for each reader, seed {seed}", flush=True)
    with readers() as known:
        results = [attempt(reader, inputs, seed) for reader in known]
    print(table(results))
    for tried in results:
        for at, (why, data) in enumerate(tried.findings[:20]):
            KEPT.mkdir(parents=True, exist_ok=True)
            path = KEPT / f"{tried.name.replace(' ', '-')}-{at}"
            path.write_bytes(data)
            print(f"{path}: {why[:300]}")
    return int(any(tried.findings for tried in results))


if __name__ == "__main__":
    sys.exit(main())
