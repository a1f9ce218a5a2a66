"""The latest state of a host, kept fresh; no screens."""
