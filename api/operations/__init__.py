"""What staff see and do about the system itself."""
