"""The version filter: an aggregate's events are projected once each, in order, without a gap."""

from projector.unprojectable import Unprojectable
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.event import Event


def is_news(envelope: Envelope[Event] | Tombstone, seen: int) -> bool:
    """Whether the event comes next after version `seen` (0: none yet); False for a duplicate, which is dropped.

    Unprojectable where versions between are missing: the stream has a hole, and to go on would hide it.
    """
    if envelope.version > seen + 1:
        raise Unprojectable(
            f"{envelope.aggregate_id} was seen up to version {seen}, its next event is {envelope.version}"
        )
    return envelope.version > seen
