"""Ours beside its peers, measured in one run: `make bench`.

Nothing here is needed by the packages, and nothing here reaches a network other than loopback.
`driver.py` is for another benchmark, which brings the `base` that it imports.
"""
