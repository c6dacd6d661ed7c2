"""Queued commands at the edge."""
