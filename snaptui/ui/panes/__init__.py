"""Lists and details."""
