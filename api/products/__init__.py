"""Products at the edge."""
