"""One file for each grant, played against the simulated tenant or a scripted world."""
