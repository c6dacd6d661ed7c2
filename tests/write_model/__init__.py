"""The tests of `write_model`."""
