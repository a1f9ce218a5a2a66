"""Runs a few lines in a place of its own, to see what cannot be done there."""

import os

from tests.worlds import place

place.furnish()
exec(os.environ["CODE"], {"os": os, "place": place})
