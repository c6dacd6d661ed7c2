"""`orderstream order`: one order in MongoDB, in Redis and in the journal, side by side."""
