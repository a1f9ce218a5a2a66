"""The versions that snaptui asks for: ``make bounds`` tests it on the lowest and the newest.

The Python is the one that runs this, and the tests are those that need no daemon.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement

CHECKOUT = Path(__file__).parents[1]
TESTS = ("tests/unit", "tests/ui")


def asked() -> list[Requirement]:
    """What the program needs."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return [Requirement(one) for one in project["dependencies"]]


def lowest() -> list[str]:
    """The lowest of each that it is content with."""
    bounds = {one.name: [s for s in one.specifier if s.operator == ">="] for one in asked()}
    return [f"{name}=={bound.version}" for name, (bound,) in bounds.items()]


def newest() -> list[str]:
    """The bounds as they are, of which pip takes the newest."""
    return [str(one) for one in asked()]


def run(pins: list[str], words: list[str]) -> int:
    """Install these versions and run the tests with them; returns what pytest did."""
    with tempfile.TemporaryDirectory(prefix="snaptui-bounds-") as place:
        venv.create(place, with_pip=True)
        python = str(Path(place, "bin", "python"))
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        pip = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--upgrade",
        ]
        subprocess.run([*pip, f"{CHECKOUT}[dev]", *pins], check=True)
        print(f"\n===== {' '.join(_versions(python))}", flush=True)
        tests = [python, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *words]
        return subprocess.run(tests, cwd=CHECKOUT, env=environment, check=False).returncode


def _versions(python: str) -> list[str]:
    said = subprocess.run(
        [python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    ).stdout
    names = {one.name for one in asked()}
    return [line for line in said.split() if line.partition("==")[0] in names]


def main(words: list[str]) -> int:
    """Returns 1 when something failed on either."""
    codes = [run(pins, words or list(TESTS)) for pins in (lowest(), newest())]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
