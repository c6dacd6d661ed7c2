"""How long after its commit a change is heard of in this process: of one in each reading of a feed."""

from collections.abc import Callable, Mapping
from datetime import datetime

from read_model.schema.changes import CHANGE, OrderChanged, decode_changes
from telemetry.distribution import Distribution


class Delays:
    """From when a command was taken until its order's change is heard of, in seconds; `clock` gives Unix time.

    The two clocks may be those of two machines.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.seconds = Distribution()
        self._clock = clock

    def sample(self, fields: Mapping[str, str]) -> None:
        """A feed's newest entry has these fields; only changes of orders tell when they happened."""
        try:
            changes = decode_changes(fields[CHANGE])
        except (KeyError, ValueError):
            return  # a newer projector may say what we do not know
        if len(changes) == 1 and isinstance(changes[0], OrderChanged):  # several are told late
            happened = datetime.fromisoformat(changes[0].occurred_at).timestamp()
            self.seconds.add(max(0.0, self._clock() - happened))
