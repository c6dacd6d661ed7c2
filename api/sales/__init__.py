"""Sales at the edge."""
