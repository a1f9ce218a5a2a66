"""The command line."""


def main() -> int:
    """Run snaptui and return its exit code."""
    raise NotImplementedError
