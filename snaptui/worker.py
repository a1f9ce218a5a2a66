"""The async worker."""
