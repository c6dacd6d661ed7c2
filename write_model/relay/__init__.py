"""Publication: from the journal to the streams, in commit order."""
