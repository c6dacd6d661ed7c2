"""What processes show their operators."""
