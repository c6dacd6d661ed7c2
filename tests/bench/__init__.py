"""The benchmark: this system, what it replaces, other servers and the machine's limits, side by side (`make bench`)."""
