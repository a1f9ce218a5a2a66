"""Access to libvirt and to image files."""
