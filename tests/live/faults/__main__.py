"""Print the table: ``python -m tests.live.faults [WORD ...]``, cells with all the words alone."""

import sys

from tests.live.faults.table import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
