"""The facade against authorization servers that others wrote, over HTTPS on loopback."""
