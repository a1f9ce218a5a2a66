"""Plans for images that no domain uses."""
