"""One script per OAuth grant, each in a module of its own that is loaded on first use."""
