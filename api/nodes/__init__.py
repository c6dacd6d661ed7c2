"""Whatever has an id."""
