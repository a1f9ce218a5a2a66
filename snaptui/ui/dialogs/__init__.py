"""The dialogs: each returns a value and does nothing itself."""
