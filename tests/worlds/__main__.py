"""Make worlds on each stack and print what is not true there: ``python -m tests.worlds``.

Environment: MINUTES, SEED, STACKS (words of versions, ``host`` for the host's), WORLD (one that
was printed, instead).
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter

from tests.stacks import Stack, chosen, missing
from tests.worlds import coverage
from tests.worlds.missing import cannot_be_made
from tests.worlds.recipe import whole
from tests.worlds.run import Sum, Told, told, until

TOLD_EACH = 20
"""Worlds between two lines on how far it is."""
_printing = threading.Lock()


def main() -> int:
    """Returns 1 when something is not true, went down, or could not be judged."""
    seed, minutes = int(os.environ.get("SEED", "1")), float(os.environ.get("MINUTES", "10"))
    wanted = chosen()
    more = {"SHRINK": "1", "UNTIL": until(minutes)}
    if world := os.environ.get("WORLD"):
        more |= {"WORLDS": f'[[{world}, ""]]', "LAST": "1"}
    print(f"seed {seed}, {minutes:g} minutes, {'; '.join(map(str, wanted))}", flush=True)
    sums = {stack: Sum() for stack in wanted}
    running = [
        threading.Thread(target=_run, args=(stack, seed, more, sums[stack])) for stack in wanted
    ]
    for one in running:
        one.start()
    for one in running:
        one.join()
    for stack, found in sums.items():
        print(f"\n===== {stack}, seed {seed}")
        print("\n".join(found.words))
    print()
    print("\n".join(coverage.words(sum((found.met for found in sums.values()), Counter()))))
    for words in cannot_be_made(wanted):
        print(f"cannot be made here: {words}")
    print(missing())
    return int(any(found.lying or found.down or found.broke for found in sums.values()))


def _run(stack: Stack, seed: int, more: dict[str, str], found: Sum) -> None:
    try:
        for line in told(stack, seed, **more):
            found.add(line)
            if "number" in line:
                _print(stack, line, found)
    except RuntimeError as error:
        found.broke.append(str(error))


def _print(stack: Stack, line: Told, found: Sum) -> None:
    """How far it is, now and then, and each world in which something is not true."""
    with _printing:
        if found.worlds % TOLD_EACH == 0:
            done = f"{found.worlds} worlds, {len(found.lying)} not true"
            print(f"{stack.version}: {done}", flush=True)
        if line["recipe"] is not None:
            _show(stack, line)


def _show(stack: Stack, line: Told) -> None:
    """A world in which something is not true, as a recipe."""
    print(f"\n--- libvirt {stack.version}, world {line['number']}: {', '.join(line['features'])}")
    for one in line["verdicts"]:
        for kind, words in one["lies"]:
            print(f"NOT TRUE ({kind}) {one['verb']}: {words}")
    print(whole(stack, line["recipe"]))
    print(f"WORLD='{json.dumps(line['world'])}'", flush=True)


if __name__ == "__main__":
    sys.exit(main())
