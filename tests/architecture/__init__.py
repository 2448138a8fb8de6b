"""The fences around the architecture, each proven by a planted violation."""
