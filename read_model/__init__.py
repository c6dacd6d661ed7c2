"""The query side: answers from rows and indexes that the projector prepared, and never changes them."""
