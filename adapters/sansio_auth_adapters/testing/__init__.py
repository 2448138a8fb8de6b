"""The contract of a transport as a suite of tests, for whoever writes one.

Needs pytest; `docs/how-to/write-a-transport.md` tells how it is run. Nothing here is imported by
anything but tests.
"""
