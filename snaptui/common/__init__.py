"""What knows nothing of snapshots."""
