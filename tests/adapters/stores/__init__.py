"""Stores, each against the same contract, and against the libraries they serve."""
