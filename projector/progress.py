"""What a partition's consumer has done, for those who look after it."""

from dataclasses import dataclass, field

from telemetry.distribution import Distribution


@dataclass(slots=True)
class Progress:
    """Counted over all steps that were applied by this process."""

    events: int = 0
    parked: int = 0
    seconds: Distribution = field(default_factory=Distribution)
    """By step, from the arrival of its events on."""
