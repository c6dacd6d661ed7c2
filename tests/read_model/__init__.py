"""The tests of `read_model`."""
