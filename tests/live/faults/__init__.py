"""What is left of an operation when the host or the program goes away in it: ``make faults``."""
