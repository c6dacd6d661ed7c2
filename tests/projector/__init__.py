"""The tests of `projector`."""
