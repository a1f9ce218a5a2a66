"""snaptui: a terminal browser for the snapshots of libvirt domains."""

__version__ = "0.1.0"
