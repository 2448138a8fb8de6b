"""The invariants as laws, each under its id, on worlds that Hypothesis makes."""
