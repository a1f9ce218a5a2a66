"""Makes what hosts install that have no index of packages: ``make pyz``, ``make packages``."""
