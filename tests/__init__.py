"""The tests: they mirror the trees that they test; servers are real."""
