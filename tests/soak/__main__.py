"""Soaks the program on a lab of its own, and prints what it held at first and in the end.

Environment: REFRESHES, RESTARTS, SEED.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import one_lab
from tests.lab import Lab
from tests.soak.soaking import SEED, soak


@contextmanager
def _lab() -> Iterator[Lab]:
    yield from one_lab()


def main() -> int:
    """Returns 1 when something grew, or is not as virsh says."""
    refreshes, restarts, seed = (
        int(os.environ.get(name, default))
        for name, default in (("REFRESHES", 10_000), ("RESTARTS", 200), ("SEED", SEED))
    )
    print(f"{refreshes} refreshes, {restarts} restarts of the daemon, seed {seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as state, _lab() as lab:
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = str(Path(state) / "xdg")
        done = soak(lab, refreshes=refreshes, restarts=restarts, seed=seed)
    took = time.monotonic() - began
    print(f"{done.keys} bursts of keys, {done.operations} operations in {took:.0f} s")
    titles = ("", "refreshes", "memory", "files", "threads", "libvirt's objects")
    print("{:10} {:>10} {:>10} {:>6} {:>8}  {}".format(*titles))
    for when, held in (("at first", done.begin), ("in the end", done.end)):
        objects = ", ".join(f"{n} {name}" for name, n in sorted(held.objects.items()))
        print(
            f"{when:10} {held.refreshes:10} {held.memory / (1 << 20):6.1f} MiB {held.files:6} "
            f"{held.threads:8}  {objects}"
        )
    print(f"{done.snapshots} snapshots; otherwise than virsh says: {len(done.different)} domains")
    for words in (*done.different, *done.grown):
        print(words)
    return int(bool(done.grown or done.different))


if __name__ == "__main__":
    sys.exit(main())
