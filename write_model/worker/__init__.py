"""The worker: queued commands, run in their order."""
