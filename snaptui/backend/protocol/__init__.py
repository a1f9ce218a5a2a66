"""What the rest of snaptui asks of a host: plain synchronous calls, model types in and out.

Every method may block for as long as libvirt does and is therefore only called on the
worker's threads. All of them raise :class:`~snaptui.common.errors.SnaptuiError` and nothing else.
"""
