"""The guarantees as small models, of which every state is visited."""
