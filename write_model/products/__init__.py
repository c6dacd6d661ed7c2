"""Products: what is sold, and how much of it is left."""
