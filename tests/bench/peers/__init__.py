"""The servers that are compared: each answers the same documents from the same shop, in its own way."""
