"""What snaptui says that libvirt will do, beside what libvirt then does: ``make matrix``."""
