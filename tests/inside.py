"""snaptui itself on the Python of each stack: ``make inside`` installs and tests it in their roots.

It is installed as the README says, from a wheel and with the distribution's binding, and then
tested by all that needs no other stack. As root only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from snaptui.demo.setups import HOST, SEARCH
from tests.stacks import Stack, chosen, missing

CHECKOUT = Path(__file__).parents[1]
TESTS = (
    "tests/unit",
    "tests/ui",
    "tests/live/test_demo.py",
    "tests/live/test_first_start.py",
    # how it is packed needs git, which these roots do not have
    "--ignore=tests/unit/test_pyz.py",
    "--ignore=tests/unit/test_release.py",
)
INSTALL = """\
set -eu
cd "$1"
python3 --version
python3 -m venv --system-site-packages build/user
build/user/bin/pip install --quiet .
build/user/bin/snaptui --version
python3 -m venv --system-site-packages .venv
.venv/bin/pip install --quiet --editable '.[dev]'
shift
exec .venv/bin/python -m pytest -q -n 2 -p no:cacheprovider "$@"
"""
_ENTER = """\
set -eu
mount --rbind "$1" "$1"
for name in proc dev sys etc/ssl; do
    mkdir -p "$1/$name"
    mount --rbind "/$name" "$1/$name"
done
root=$1
shift
exec chroot "$root" "$@"
"""


def run(stack: Stack, words: list[str]) -> int:
    """Install and test it in a root; returns what pytest did."""
    with tempfile.TemporaryDirectory(prefix="snaptui-", dir=stack.root / "tmp") as place:
        _copy(Path(place))
        inside = f"/tmp/{Path(place).name}"
        apart = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh")
        resolver = Path("/etc/resolv.conf")
        (stack.root / "etc" / resolver.name).write_bytes(resolver.read_bytes())
        command = [*apart, str(stack.root), "sh", "-c", INSTALL, "sh", inside, *words]
        return subprocess.run(command, env={**os.environ, "PATH": SEARCH}, check=False).returncode


def _copy(place: Path) -> None:
    """All that git keeps track of, as it is in the checkout now."""
    listed = ["git", "ls-files", "-z"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, place / name)


def main(words: list[str]) -> int:
    """Returns 1 when something failed anywhere."""
    codes = []
    for stack in chosen():
        if stack.root != HOST:
            print(f"\n===== {stack}", flush=True)
            codes.append(run(stack, words or list(TESTS)))
    print(missing())
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
