"""Hosts that nobody thought of, composed by chance, and whether the plans are true there."""
