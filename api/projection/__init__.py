"""How far the read model has come."""
