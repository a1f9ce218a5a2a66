"""Plans of reverts."""
