"""Expiry: orders that nobody confirmed in time are cancelled by the system."""
