"""Queries, answered from rows without an executor."""
