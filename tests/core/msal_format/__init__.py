"""One file for each step, driven by hand or played in a scripted world."""
