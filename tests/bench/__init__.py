"""The benchmark still measures what it says: every row runs once, and no time is asserted."""
