"""Snapshots as rows."""
