"""Wycheproof-style vectors: keys, certificates and what is signed with them."""
