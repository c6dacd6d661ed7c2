"""Orders at the edge."""
