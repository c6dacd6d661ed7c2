"""The tests of `stack`."""
