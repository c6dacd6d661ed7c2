"""What stands in Redis: every key, row and change notice, for the projector that writes and the queries that read."""
