"""Plans of creates."""
