"""Checks that plans of several verbs share."""
