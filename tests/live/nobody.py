"""snaptui as a user who is nobody: python -m tests.live.nobody ARGUMENTS, as root"""

from __future__ import annotations

import os
import sys

import snaptui.backend.libvirt_backend
import snaptui.ui.app  # noqa: F401 - what is imported now need not be readable for nobody
from snaptui.cli import main

if __name__ == "__main__":
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    sys.exit(main())
