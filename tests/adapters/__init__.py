"""The shell, tested."""
