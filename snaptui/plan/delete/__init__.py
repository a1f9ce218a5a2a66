"""Plans of deletes and merges."""
