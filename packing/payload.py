"""What every package holds: snaptui, and what it needs that is pure Python, at its pinned versions.

numpy and libvirt's binding are compiled, and come from the distribution.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
LOCK = CHECKOUT / "requirements.lock"
OLDEST = "3.11"
"""The Python for which it is made, and that newer ones take too."""
_LEFT_OUT = ("numpy", "setuptools")
"""Of the lock: what the distribution has, and what only builds."""
_NOT_NEEDED = ("bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")
"""What pip writes beside the files of a package: paths and moments of here."""


def fill(place: Path) -> None:
    """Put all of it into an empty directory: packages to import, each with its licence.

    Raises:
        SystemExit: pip could not, and has said why.
    """
    words = ["--quiet", "--no-deps", "--no-compile", "--require-hashes", "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *words]
    target = ["--target", str(place), "--python-version", OLDEST]
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as pins:
        pins.write(_pins(LOCK.read_text()))
        pins.flush()
        if subprocess.run([*command, *target, "--requirement", pins.name], check=False).returncode:
            sys.exit("packing: pip could not install what is pinned; nothing was made.")
    for pattern in _NOT_NEEDED:
        for path in place.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in tracked("snaptui"):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / path, place / path)


def tracked(*below: str) -> list[Path]:
    """The files that git keeps track of there, relative to the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *below],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [Path(name) for name in listed.split("\0") if name and (CHECKOUT / name).exists()]


def files(place: Path) -> list[Path]:
    """All files below, relative to it, always in the same order."""
    return sorted(path.relative_to(place) for path in place.rglob("*") if path.is_file())


def _pins(lock: str) -> str:
    """The pins of the lock with their hashes, without what is left out."""
    blocks = re.split(r"\n(?! )", lock.strip())
    pins = [block for block in blocks if not block.startswith(("#", "--"))]
    kept = [block for block in pins if re.split(r"[=\s]", block)[0] not in _LEFT_OUT]
    return "\n".join(kept) + "\n"
