"""The metrics of the projector, each named once: what its consumers have done, and which partitions are its own."""

from collections.abc import Mapping

from projector.ownership import Ownership
from projector.progress import Progress
from telemetry.metrics import Metric, Row, Source, gauge


def of_projector(ownership: Ownership, progress: Mapping[int, Progress]) -> Source:
    """What this process does. How far behind the read model is, the API tells: it does so while no projector lives."""

    async def collect() -> list[Metric]:
        labels = ("partition",)
        by_partition = [((str(partition),), its) for partition, its in progress.items()]
        events: list[Row] = [(label, its.events) for label, its in by_partition]
        parked: list[Row] = [(label, its.parked) for label, its in by_partition]
        seconds: list[Row] = [(label, its.seconds) for label, its in by_partition]
        return [
            gauge("orderstream_projector_partitions", "Partitions that this projector works on.",
                  len(ownership.owned)),
            Metric("counter", "orderstream_projector_events_total", "Events taken in.", labels, events),
            Metric("counter", "orderstream_projector_parked_total", "Events parked.", labels, parked),
            Metric("histogram", "orderstream_projector_step_seconds", "From the arrival of a step's events to when "
                   "they are shown.", labels, seconds),
        ]  # fmt: skip

    return collect
