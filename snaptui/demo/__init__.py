"""A world of its own to try snaptui in: private daemon, real images, real QEMU."""
