"""What snaptui knows of hosts, domains, snapshots and images: immutable, pure data.

No libvirt object is ever kept here. Times are seconds since the epoch (UTC), sizes are
bytes. ``None`` always means *not known*; it is never used for *empty*.
"""
