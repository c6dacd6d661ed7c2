"""What publication.py speaks of: MongoDB, the streams, what a relay knows of both; and what must hold of them.

An event is (partition, version): those of a partition are one aggregate's. A commit has at most one in each partition.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

Event = tuple[int, int]
Entry = tuple[int, Event | None]
"""Of a stream: a position, and an event there or, with None, a watermark."""
Recorded = tuple[tuple[int, Event], ...]

STEP: Final = 10
"""Positions from one commit to the next; those between are a marker's, for what has lost its own."""

# The guards, each where the code has it.
ID_CHECK = "write_model/relay/publisher.py _PUBLISH: only what lies above a stream's end is added"
ROLLBACK_CHECK = "write_model/relay/publisher.py _PUBLISH: a stream that ends below what was seen is a rollback"
WATERMARK_MEANING = "write_model/relay/relay.py: a watermark is published when the change stream comes to it"
RECORDED_FIRST = "write_model/relay/relay.py _trim: only what is recorded is trimmed"
TRIMMED_AT_ONCE = "write_model/relay/publisher.py _TRIM: looks how far is projected and trims in one step"
W_COMPARED = "write_model/relay/segments.py beat: W is moved only by the relay that knows where it stands"
RECORDED_ANEW = "write_model/relay/replay.py reconcile: what others recorded beyond W is recorded anew"
BELOW_MARKER = "write_model/relay/replay.py reconcile: what lies above the marker is left to whoever follows"
GUARDS: Final = frozenset(
    {
        ID_CHECK,
        ROLLBACK_CHECK,
        WATERMARK_MEANING,
        RECORDED_FIRST,
        TRIMMED_AT_ONCE,
        W_COMPARED,
        RECORDED_ANEW,
        BELOW_MARKER,
    }
)


class Bounds(NamedTuple):
    """How much of everything there is."""

    commits: tuple[tuple[int, ...], ...]
    """Of each commit, the partitions in which it has an event."""
    relays: int = 2
    beats: int = 1
    rollbacks: int = 0
    oplogs_lost: int = 0
    trims: bool = False


class Journal(NamedTuple):
    """MongoDB. `log`: commits and heartbeats (None) in the order of their cluster times, a STEP from each to the next.

    `recorded`: the segments by their keys; `w`: everything up to here is recorded; `gone`: the oplog begins after this.
    """

    log: tuple[tuple[Event, ...] | None, ...] = ()
    recorded: tuple[tuple[int, Recorded], ...] = ()
    w: int = 0
    highest_w: int = 0
    gone: int = 0

    @property
    def end(self) -> int:
        return STEP * len(self.log)

    def changes(self, after: int, upto: int) -> Iterator[tuple[int, tuple[Event, ...] | None]]:
        for n in range(after // STEP, upto // STEP):
            yield STEP * (n + 1), self.log[n]

    def known(self) -> dict[Event, int]:
        return {event: position for _, segment in self.recorded for position, event in segment}


class Stream(NamedTuple):
    """One partition in Redis. `entries` has the trimmed ones too; those below `first` are gone from the stream."""

    entries: tuple[Entry, ...] = ()
    first: int = 0
    checkpoint: int = 0

    @property
    def last(self) -> int:
        return self.entries[-1][0] if self.entries else 0

    def visible(self) -> list[Entry]:
        return [entry for entry in self.entries if entry[0] >= self.first]


class Relay(NamedTuple):
    """A relay's own knowledge. `phase` says what it does next, `upto` and `turn` how far a batch is."""

    phase: str = "idle"
    w: int = 0
    """What stands in MongoDB, as far as it knows."""
    recorded: int = 0
    at: int = 0
    seen: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    upto: int = 0
    turn: int = 0
    failed: str = ""
    marker: int = 0
    part: Recorded = ()
    plan: Recorded = ()
    trim: tuple[int, ...] = ()


class State(NamedTuple):
    journal: Journal
    streams: tuple[Stream, ...]
    relays: tuple[Relay, ...]
    commits: int = 0
    beats: int = 0
    rollbacks: int = 0
    oplogs_lost: int = 0


def publish_script(
    stream: Stream, seen: int, entries: Sequence[Entry], guards: frozenset[str]
) -> tuple[Stream, str]:  # fmt: skip
    """publisher.py _PUBLISH: the stream afterwards, and ROLLBACK, HOLE or nothing."""
    if ROLLBACK_CHECK in guards and stream.last < seen:
        return stream, "ROLLBACK"
    for entry in entries:
        position, event = entry
        if position > stream.last or ID_CHECK not in guards:
            stream = stream._replace(entries=(*stream.entries, entry))
        elif event is not None and entry not in (visible := stream.visible()) and visible and visible[0][0] < position:
            return stream, "HOLE"
    return stream, ""


def above(segment: Recorded, position: int) -> Recorded:
    return tuple(recorded for recorded in segment if recorded[0] > position)


def with_segment(journal: Journal, events: Recorded) -> Journal:
    """segments.py record: a segment has the position of its last event as its key, and replaces one of the same."""
    if not events:
        return journal
    segments = {**dict(journal.recorded), events[-1][0]: events}
    return journal._replace(recorded=tuple(sorted(segments.items())))


def with_w(journal: Journal, w: int) -> Journal:
    return journal._replace(w=w, highest_w=max(journal.highest_w, w))


def committed(journal: Journal, partition: int, upto: int | None = None) -> list[int]:
    end = journal.end if upto is None else upto
    return [version for _, events in journal.changes(0, end) for p, version in events or () if p == partition]


def versions_of(entries: Sequence[Entry]) -> list[int]:
    """Those that a projector would not drop: projections/sequence.py."""
    seen: list[int] = []
    for _, event in entries:
        if event and (not seen or event[1] > seen[-1]):
            seen.append(event[1])
    return seen


def ascends(state: State) -> bool:
    return all(a[0] < b[0] for s in state.streams for a, b in zip(s.entries, s.entries[1:], strict=False))


def is_gapless(state: State) -> bool:
    for partition, stream in enumerate(state.streams):
        versions = versions_of(stream.entries)
        if versions != list(range(1, len(versions) + 1)):
            return False
        if not set(committed(state.journal, partition, stream.last)) <= set(versions):
            return False
    return True


def keeps_unprojected(state: State) -> bool:
    return all(s.checkpoint >= position for s in state.streams for position, _ in s.entries if position < s.first)


def is_recorded(state: State) -> bool:
    known = state.journal.known()
    return all(event in known for _, events in state.journal.changes(0, state.journal.w) for event in events or ())


def trimmed(state: State, bounds: tuple[int, ...]) -> State:
    streams = (s._replace(first=max(s.first, bound)) for s, bound in zip(state.streams, bounds, strict=True))
    return state._replace(streams=tuple(streams))


def with_stream(state: State, p: int, stream: Stream) -> State:
    return state._replace(streams=(*state.streams[:p], stream, *state.streams[p + 1 :]))


def with_relay(state: State, r: int, relay: Relay) -> State:
    return state._replace(relays=(*state.relays[:r], relay, *state.relays[r + 1 :]))
