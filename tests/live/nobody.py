"""snaptui as a user who is nobody: python -m tests.live.nobody ARGUMENTS, as root

``SNAPTUI_TEST_GROUP`` is the number of a group that they are in, ``SNAPTUI_TEST_UMASK`` the umask.
"""

from __future__ import annotations

import os
import sys

import snaptui.backend.virt.backend
import snaptui.ui.app  # noqa: F401 - what is imported now need not be readable for nobody
from snaptui.cli.main import main

if __name__ == "__main__":
    group, mask = os.environ.get("SNAPTUI_TEST_GROUP"), os.environ.get("SNAPTUI_TEST_UMASK")
    os.umask(int(mask or "022", 8))
    os.setgroups([int(group)] if group else [])
    os.setgid(65534)
    os.setuid(65534)
    sys.exit(main())
