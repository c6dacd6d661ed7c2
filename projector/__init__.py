"""Folds the events of the streams into the read model, each exactly once in effect."""
