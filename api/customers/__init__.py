"""Customers at the edge."""
