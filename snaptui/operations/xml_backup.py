"""Copies of a domain's and its snapshots' XML, made before anything is changed.

They hold secrets, which libvirt needs to define them again, so only their owner can read
them, and nothing of them is ever shown.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from snaptui.backend.protocol.reads import Reads
from snaptui.common import text
from snaptui.common.errors import NotFound
from snaptui.common.state_files import held, open_own
from snaptui.model.domain import DomainKey

_MADE = re.compile(r"\d{8}T\d{6}Z-[0-9a-z_]{8}", re.ASCII)
_FILE = re.compile(r"domain\.xml|snapshot-\d{1,9}\.xml", re.ASCII)


@dataclass(frozen=True, slots=True)
class Copies:
    """Where the copies are; each set of them is a directory of its own.

    Attributes:
        directory: made when it is missing.
        top: the uppermost directory of our own that it lies in (:func:`held`).
    """

    directory: Path
    top: Path

    def save(self, backend: Reads, key: DomainKey, snapshots: Iterable[str]) -> Path:
        """Save the domain and these snapshots in a new directory of mode 0700; returns it.

        ``domain.xml`` and ``snapshot-<n>.xml``, mode 0600, on the disk when this returns. The
        files' names do not come from the host: a snapshot's name is inside.

        Raises:
            OSError: they cannot be written.
            SnaptuiError: the host cannot be asked.
        """
        made = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + secrets.token_hex(4)
        with held(self.directory, self.top) as folder:
            os.mkdir(made, 0o700, dir_fd=folder)
            os.fsync(folder)
        path = self.directory / made
        reading = backend.reading(key)
        domain = reading.begin(partial(reading.secret_domain_xml, key))
        records = [reading.begin(partial(reading.secret_snapshot_xml, key, s)) for s in snapshots]
        with held(path, self.top) as folder:
            _write(folder, "domain.xml", domain())
            for number, record in enumerate(records, 1):
                try:
                    _write(folder, f"snapshot-{number}.xml", record())
                except NotFound:
                    continue  # the check that follows says that it is gone
            os.fsync(folder)
        return path

    def remove(self, named: str) -> None:
        """Remove the copies that a journal names; nothing that :meth:`save` has not made."""
        path = Path(named)
        if path != self.directory / path.name or not _MADE.fullmatch(path.name):
            return
        with contextlib.suppress(OSError), held(self.directory, self.top, make=False) as above:
            with held(path, self.top, make=False) as folder:
                for name in filter(_FILE.fullmatch, os.listdir(folder)):
                    os.unlink(name, dir_fd=folder)
            os.rmdir(path.name, dir_fd=above)


def _write(folder: int, name: str, content: str) -> None:
    file = open_own(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder)
    with os.fdopen(file, "wb") as opened:
        opened.write(text.utf8(content))
        opened.flush()
        os.fsync(file)
