"""The latest state of one host."""
