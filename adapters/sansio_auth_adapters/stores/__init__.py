"""Where partitions live. Nothing optional is imported here."""
