"""Pure data, and the field's words."""
