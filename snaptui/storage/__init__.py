"""What bytes belong to whom."""
