"""``make release``: all that is handed out of a version, its checksums, and its tag.

First it is made sure that the version is one: the tree is what is committed, the changelog has
its heading, no such tag exists, and no pinned package has a known advisory (pip-audit, which asks
an index; where that cannot be asked nothing is made).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from packing import packages, pyz
from packing.payload import CHECKOUT, LOCK
from snaptui import __version__

DIST = CHECKOUT / "dist"
SUMS = "SHA256SUMS"


def obstacles(checkout: Path, version: str) -> list[str]:
    """Why a checkout is not this version, each with what to do; empty when it is."""
    found: list[str] = []
    if _git(checkout, "status", "--porcelain"):
        found.append("There are changes that are not committed: commit them first.")
    changelog = (checkout / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (.+)$", changelog, re.MULTILINE)
    if newest is None or newest[1] != version:
        found.append(f'The first heading of CHANGELOG.md is not "## {version}": write it there.')
    if _git(checkout, "tag", "--list", f"v{version}"):
        found.append(f"v{version} is released: raise __version__ in snaptui/__init__.py.")
    return found


def advisories() -> None:
    """Ask whether versions that are pinned are known to be vulnerable.

    Raises:
        SystemExit: one is, or one of them cannot be asked about.
    """
    with tempfile.TemporaryDirectory() as place:
        python = _tool(Path(place), "pip-audit")
        audit = ["--strict", "--disable-pip", "--require-hashes", "--requirement", str(LOCK)]
        _run(python, "-m", "pip_audit", *audit)


def build(into: Path) -> None:
    """Make the sdist, the wheel, the packages and the archive, and write their checksums.

    Raises:
        SystemExit: a tool could not, and has said why.
    """
    into.mkdir(exist_ok=True)
    for old in into.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as place:
        python = _tool(Path(place), "build")
        _run(python, "-m", "build", "--outdir", str(into), str(CHECKOUT))
    packages.main()
    pyz.main()
    made = sorted(path for path in into.iterdir() if path.is_file())
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (into / SUMS).write_text("".join(sums))


def _tool(place: Path, package: str) -> str:
    """The Python of a new environment with a package."""
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package)
    return python


def _run(*words: str) -> None:
    moment = _git(CHECKOUT, "log", "-1", "--format=%ct")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": moment}
    if subprocess.run(words, env=environment, check=False).returncode:
        sys.exit(f"packing: {' '.join(words[:3])} failed; nothing is released.")


def _git(checkout: Path, *words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> int:
    """Release it, or say why it cannot be."""
    if found := obstacles(CHECKOUT, __version__):
        print("\n".join(found), file=sys.stderr)
        return 1
    advisories()
    build(DIST)
    tag = f"v{__version__}"
    _git(CHECKOUT, "tag", "--annotate", tag, "--message", f"snaptui {__version__}")
    print((DIST / SUMS).read_text(), end="")
    print(f"{tag} is tagged here: git push origin {tag} publishes it, and dist/ has its files.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
