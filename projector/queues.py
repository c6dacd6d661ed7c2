"""What requests are about, as it is parked at a checkpoint."""

from collections.abc import Sequence
from itertools import chain

from projector.retrying import Asked, Queue, different
from projector.store import Checkpoint, Stale, Store
from read_model.schema.parked import aggregate_of
from read_model.schema.requests import Ask


async def read_queues(store: Store, start: Checkpoint, asked: Sequence[Asked], at_once: int) -> list[Queue] | Stale:
    """The queues that one step can project, so many events in all, if the checkpoint still is `start`."""
    requests = different(asked)
    if not requests:
        return []
    found = await store.queues(start, [request for _, request in requests], at_once)
    if isinstance(found, Stale):
        return found
    given_up = [request.position for _, request in requests if request.ask is not Ask.RETRY]
    positions = dict.fromkeys(chain(given_up, *(its for its, _ in found)))
    entries = await store.parked_events(start, list(positions))
    if isinstance(entries, Stale):
        return entries
    queues = []
    for (one, request), (its, has_more) in zip(requests, found, strict=True):
        discarded = None if request.ask is Ask.RETRY else entries.get(request.position)
        if discarded and aggregate_of(discarded) != request.aggregate_id:
            discarded = None  # it stands in another queue than whoever asks believes
        queues.append(
            Queue.of(
                one.id,
                request,
                [(position, entries[position]) for position in its],
                has_more=has_more,
                discarded=(request.position, discarded) if discarded else None,
            )
        )
    return queues
