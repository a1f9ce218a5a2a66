"""Reads the facts that plans rest on."""
