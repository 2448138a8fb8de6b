"""`FileStore`: every way in which a file, a disk, a process or a key can fail."""
