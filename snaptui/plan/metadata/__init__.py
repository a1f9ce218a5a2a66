"""Plans that change what libvirt's records say, and no image."""
