"""Queued commands: taken now, run soon, each once."""
