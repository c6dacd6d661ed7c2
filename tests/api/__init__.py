"""The tests of `api`."""
