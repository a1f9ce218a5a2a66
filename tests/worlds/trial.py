"""Runs a few lines in a place of its own, to see what cannot be done there.

Environment: CODE; ROOT of the stack whose daemon runs in it, if one does.
"""

import os
from pathlib import Path

from tests.worlds import place

place.furnish(Path(os.environ["ROOT"]) if "ROOT" in os.environ else None)
exec(os.environ["CODE"], {"os": os, "place": place})
