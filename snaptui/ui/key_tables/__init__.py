"""The table of actions, a part for each kind of screen."""
