"""Lists at the edge."""
