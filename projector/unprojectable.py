"""The one way in which a projection refuses an event."""


class Unprojectable(Exception):
    """The event does not follow from what was projected before it: a gap in versions, a row that is missing."""
