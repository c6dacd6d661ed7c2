"""The published language: all that other parts may know of the command side. Imports pydantic only."""
