"""Pure: events and rows in, writes out."""
