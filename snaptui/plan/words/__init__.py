"""The sentences of plans, made from data at the end."""
