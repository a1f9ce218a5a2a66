"""Confirmed plans, carried out and remembered."""
