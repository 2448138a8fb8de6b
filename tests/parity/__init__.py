"""Parity with MSAL Python 1.39: both libraries, one script, the same questions and answers.

`scenario` holds the form of a scenario, `scenarios` the scenarios, `observe` plays one with one
library, `compare` finds where two observations differ, and `differences` lists what is meant to
differ, with the reason. `docs/reference/differences-from-msal.md` is written from that list.
"""
