"""The arrows of the house, each guard seen failing."""
