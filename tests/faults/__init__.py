"""The catalogue of faults, row by row."""
