"""What a terminal makes necessary."""
