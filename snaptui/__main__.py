"""Run snaptui with ``python -m snaptui``."""

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
        del sys.path[0]  # -m puts the directory that it is started in before all others
    from snaptui.cli.main import main

    sys.exit(main())
