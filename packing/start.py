"""The beginning of snaptui.pyz, which says so where Python is too old; for any Python 3."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # it is what says so
    here = "%d.%d" % sys.version_info[:2]  # noqa: UP031  # an old one need not know more
    sys.exit(
        "snaptui: Python " + here + " is too old, 3.11 is needed."
        " Run snaptui on a newer machine, with -c qemu+ssh://root@HOST/system for this one."
    )

import unpacking  # type: ignore[import-not-found]  # the archive has it beside this

sys.exit(unpacking.main())
