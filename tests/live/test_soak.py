"""Keys, sizes and restarts of the daemon at random: nothing grows, nothing crashes, all is true."""

from __future__ import annotations

from tests.lab import Lab
from tests.soak.soaking import soak


def test_a_monkey_at_the_keys_of_a_host_that_dies_again_and_again(own_lab: Lab) -> None:
    """Some seconds of what make soak does for long."""
    done = soak(own_lab, refreshes=60, restarts=3)
    assert done.restarts == 3
    assert done.grown == ()
    assert done.different == ()
