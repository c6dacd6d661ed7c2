"""The command side: decides what happens, and commits it whole or not at all."""
