"""Files inside a domain's snapshots, read by libguestfs while the guest runs on.

An image is hostile input, and so is each file system on it. Who opens the image's file only hands
bytes on; an unprivileged QEMU makes a disk of them, and the kernel of libguestfs' appliance, never
the host's, mounts that. Nothing is ever written to an image.
"""
