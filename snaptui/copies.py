"""Copies of a domain's and its snapshots' XML, made before anything is changed.

They hold secrets, which libvirt needs to define them again, so only their owner can read
them, and nothing of them is ever shown.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from snaptui.backend.protocol import Backend
from snaptui.errors import NotFound
from snaptui.journal import sync_directory
from snaptui.model import DomainKey
from snaptui.private import own_directory


def save(directory: Path, backend: Backend, key: DomainKey, snapshots: Iterable[str]) -> Path:
    """Save the domain and these snapshots in a new directory of mode 0700; returns it.

    ``domain.xml`` and ``snapshot-<n>.xml``, mode 0600, on the disk when this returns. The
    files' names do not come from the host: a snapshot's name is inside.

    Raises:
        OSError: they cannot be written.
        SnaptuiError: the host cannot be asked.
    """
    own_directory(directory)
    moment = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime())
    made = Path(tempfile.mkdtemp(prefix=moment, dir=directory))
    sync_directory(directory)
    _write(made / "domain.xml", backend.secret_domain_xml(key))
    for number, name in enumerate(snapshots, 1):
        try:
            _write(made / f"snapshot-{number}.xml", backend.secret_snapshot_xml(key, name))
        except NotFound:
            continue  # the check that follows says that it is gone
    sync_directory(made)
    return made


def _write(path: Path, content: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
