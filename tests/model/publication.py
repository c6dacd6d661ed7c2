"""The specification of publication: relays, each of which may be interrupted anywhere, between MongoDB and Redis.

What projectors rely on: a stream ascends, lacks nothing below its end, and loses only what is projected. The projector
itself is here a checkpoint that moves on; projection.py is about how it does.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from tests.model.exploration import Specification, Steps
from tests.model.published import (
    GUARDS,
    ROLLBACK_CHECK,
    STEP,
    TRIMMED_AT_ONCE,
    W_COMPARED,
    WATERMARK_MEANING,
    Bounds,
    Entry,
    Journal,
    Relay,
    State,
    Stream,
    above,
    ascends,
    committed,
    is_gapless,
    is_recorded,
    keeps_unprojected,
    publish_script,
    versions_of,
    with_relay,
    with_segment,
    with_stream,
    with_w,
)
from tests.model.seldom import Seldom


class Publication(Seldom, Specification[State]):
    """One or two relays, any number of partitions, one MongoDB that forgets its oplog, a Redis that goes back."""

    def __init__(self, bounds: Bounds, guards: frozenset[str] = GUARDS) -> None:
        self._bounds = bounds
        super().__init__(guards)
        self._partitions = range(1 + max(max(commit) for commit in bounds.commits))

    def initial(self) -> State:
        return State(Journal(), (Stream(),) * len(self._partitions), (Relay(),) * self._bounds.relays)

    def actions(self) -> Sequence[Callable[[State], Steps[State]]]:
        trimming = [self.project, self.look_for_trim] if self._bounds.trims else []
        trimming += [] if TRIMMED_AT_ONCE in self._guards else [self.trim]
        reconciling = [self.mark, self.look, self.settle] if self._bounds.oplogs_lost else []
        return [
            self.commit, self.restart, self.look_at_w, self.open, self.take_segment, self.take_changes,
            self.run_script, self.notice, self.record, self.beat, *reconciling, *trimming,
        ]  # fmt: skip

    def faults(self) -> Sequence[Callable[[State], Steps[State]]]:
        rolling_back = [self.roll_back] if self._bounds.rollbacks else []
        losing = [self.lose_oplog] if self._bounds.oplogs_lost else []
        return [self.crash, *rolling_back, *losing]

    def invariants(self) -> Mapping[str, Callable[[State], bool]]:
        return {
            "A stream ascends": ascends,
            "Where a stream ends, nothing below is missing, and everything is in commit order": is_gapless,
            "Only what is projected is trimmed": keeps_unprojected,
            "Everything up to W is recorded": is_recorded,
            "W never goes back": lambda state: state.journal.w == state.journal.highest_w,
            "An event keeps its position, unless the oplog and something else is lost": self._keeps_positions,
        }

    def likeness(self, state: State) -> Hashable:
        return state._replace(relays=()), frozenset(state.relays)

    def is_goal(self, state: State) -> bool:
        """Everything that can be committed is in the streams."""
        return state.commits == len(self._bounds.commits) and all(
            versions_of(stream.entries) == committed(state.journal, partition)
            for partition, stream in enumerate(state.streams)
        )

    def _keeps_positions(self, state: State) -> bool:
        if state.oplogs_lost and (self._bounds.rollbacks or self._bounds.relays > 1):
            return True
        places = {(event, place) for stream in state.streams for place, event in stream.entries if event}
        places |= {(event, place) for event, place in state.journal.known().items()}
        return len(places) == len({event for event, _ in places})

    # What others do.

    def commit(self, state: State) -> Steps[State]:
        """mongo/committer.py: a transaction gets its place in the oplog."""
        if state.commits < len(self._bounds.commits):
            events = tuple(
                (p, 1 + sum(p in commit for commit in self._bounds.commits[: state.commits]))
                for p in self._bounds.commits[state.commits]
            )
            journal = state.journal._replace(log=(*state.journal.log, events))
            said = f"{events} are committed at {journal.end}"
            yield said, state._replace(journal=journal, commits=state.commits + 1)

    def project(self, state: State) -> Steps[State]:
        """projector/store.py apply: the checkpoint moves on by an entry."""
        for p, stream in enumerate(state.streams):
            if above := [position for position, _ in stream.visible() if position > stream.checkpoint]:
                projected = stream._replace(checkpoint=above[0])
                yield f"partition {p} is projected up to {above[0]}", with_stream(state, p, projected)

    # What a relay does, step by step.

    def restart(self, state: State) -> Steps[State]:
        """Whoever supervises the process starts it again after a HOLE, with an alarm."""
        return self._each(state, "halted", "is started again", lambda _: Relay())

    def look_at_w(self, state: State) -> Steps[State]:
        """relay.py _catch_up: read W."""
        w = state.journal.w
        return self._each(state, "idle", f"reads W {w}", lambda _: Relay("opening", w=w, recorded=w, at=w))

    def open(self, state: State) -> Steps[State]:
        """publisher.py open: look where the streams end, to refill them from the lowest on."""
        ends = tuple(stream.last for stream in state.streams)

        def opened(relay: Relay) -> Relay:
            return relay._replace(phase="refilling", seen=ends, ends=ends, at=min(ends))

        return self._each(state, "opening", f"sees the streams end at {ends}", opened)

    def take_segment(self, state: State) -> Steps[State]:
        """segments.py recorded_after: the next segment to refill from; after the last, follow from W."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "refilling" or relay.upto:
                continue
            segments = (above(segment, relay.at) for key, segment in state.journal.recorded if key > relay.at)
            if part := next(filter(None, segments), ()):
                refilling = relay._replace(upto=part[-1][0], part=part)
                yield f"relay {r} refills with {part}", with_relay(state, r, refilling)
            else:
                following = relay._replace(phase="following", at=relay.recorded, ends=())
                yield f"relay {r} follows from {relay.recorded}", with_relay(state, r, following)

    def take_changes(self, state: State) -> Steps[State]:
        """changes.py follow: a batch of any size, if the oplog reaches back to where the relay is."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "following" or relay.upto:
                continue
            if relay.at < state.journal.gone:
                yield f"relay {r} finds the oplog gone", with_relay(state, r, relay._replace(phase="marking", trim=()))
                continue
            for upto in range(STEP * (relay.at // STEP) + STEP, state.journal.end + 1, STEP):
                yield f"relay {r} takes changes up to {upto}", with_relay(state, r, relay._replace(upto=upto))

    def run_script(self, state: State) -> Steps[State]:
        """publisher.py publish: the batch's script in one partition after the other; each runs for itself."""
        for r, relay in enumerate(state.relays):
            if not relay.upto:
                continue
            p, stream = relay.turn, state.streams[relay.turn]
            entries = self._batch(state.journal, relay)[p]
            failed, seen = "", relay.seen
            if entries:
                stream, failed = publish_script(stream, seen[p], entries, self._guards)
                reached = seen[p] if failed else max(seen[p], entries[-1][0])
                seen = (*seen[:p], reached, *seen[p + 1 :])
            published = relay._replace(turn=p + 1, seen=seen, failed=relay.failed or failed)
            if published.turn == len(self._partitions):
                published = _after_batch(published)
            said = failed or f"leaves stream {p} at {stream.last}"
            yield f"relay {r} {said}", with_relay(with_stream(state, p, stream), r, published)

    def notice(self, state: State) -> Steps[State]:
        """publisher.py _PUBLISH: some watermark will always come, and find a rollback that nothing else has found."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "following" or relay.upto or ROLLBACK_CHECK not in self._guards:
                continue
            if any(stream.last < seen for stream, seen in zip(state.streams, relay.seen, strict=True)):
                yield f"relay {r} notices a rollback", with_relay(state, r, Relay())

    def record(self, state: State) -> Steps[State]:
        """relay.py _beat, segments.py record: a segment of what was published since the last one."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "following" or relay.at <= relay.recorded:
                continue
            events = tuple(
                (position, event)
                for position, events in state.journal.changes(relay.recorded, relay.at)
                for event in events or ()
                if position > relay.recorded
            )
            recorded = with_relay(state, r, relay._replace(recorded=relay.at))
            yield f"relay {r} records {events}", recorded._replace(journal=with_segment(state.journal, events))

    def beat(self, state: State) -> Steps[State]:
        """segments.py beat: a heartbeat, which says what is recorded."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "following" or state.beats == self._bounds.beats:
                continue
            if W_COMPARED in self._guards and state.journal.w != relay.w:
                yield f"relay {r} is overtaken", with_relay(state, r, Relay())
                continue
            log = (*state.journal.log, None)
            journal = with_w(state.journal._replace(log=log), relay.recorded)
            beaten = with_relay(state, r, relay._replace(w=relay.recorded))
            beaten = beaten._replace(journal=journal, beats=state.beats + 1)
            if WATERMARK_MEANING not in self._guards:
                marked = [s._replace(entries=(*s.entries, (journal.end, None))) for s in state.streams]
                beaten = beaten._replace(streams=tuple(marked))
            yield f"relay {r} beats at {journal.end}, W {journal.w}", beaten

    # Faults.

    def crash(self, state: State) -> Steps[State]:
        """A process ends, wherever it is."""
        for r, relay in enumerate(state.relays):
            if relay.phase not in ("idle", "halted"):
                yield f"relay {r} crashes", with_relay(state, r, Relay())

    def roll_back(self, state: State) -> Steps[State]:
        """A partition is as it was at any moment before: its stream, its checkpoint, and what is trimmed."""
        if state.rollbacks == self._bounds.rollbacks:
            return
        for p, stream in enumerate(state.streams):
            for length in range(len(stream.entries) + 1):
                kept = stream.entries[:length]
                for checkpoint in {0, *(position for position, _ in kept if position <= stream.checkpoint)}:
                    back = Stream(kept, min(stream.first, checkpoint), checkpoint)
                    if back != stream:
                        said = f"Redis goes back: stream {p} ends at {back.last}, projected up to {checkpoint}"
                        yield said, with_stream(state, p, back)._replace(rollbacks=state.rollbacks + 1)

    def lose_oplog(self, state: State) -> Steps[State]:
        """The oplog is cut off, at any place."""
        if state.oplogs_lost < self._bounds.oplogs_lost and state.journal.log:
            for gone in range(STEP, state.journal.end + 1, STEP):
                journal = state.journal._replace(gone=gone)
                said = f"the oplog is gone up to {gone}"
                yield said, state._replace(journal=journal, oplogs_lost=state.oplogs_lost + 1)

    def _each(self, state: State, phase: str, said: str, change: Callable[[Relay], Relay]) -> Steps[State]:
        for r, relay in enumerate(state.relays):
            if relay.phase == phase:
                yield f"relay {r} {said}", with_relay(state, r, change(relay))

    def _batch(self, journal: Journal, relay: Relay) -> list[list[Entry]]:
        """What the batch has for each partition."""
        batch: list[list[Entry]] = [[] for _ in self._partitions]
        if relay.phase == "refilling":
            for position, event in relay.part:
                if position > relay.ends[event[0]]:
                    batch[event[0]].append((position, event))
            return batch
        changes = [change for change in journal.changes(relay.at, relay.upto) if change[0] > relay.at]
        last_watermark = max((position for position, events in changes if events is None), default=0)
        for position, events in changes:
            for event in events or ():
                batch[event[0]].append((position, event))
            for entries in batch if position == last_watermark else ():
                entries.append((position, None))
        return batch


def _after_batch(relay: Relay) -> Relay:
    if relay.failed:
        return Relay("halted" if relay.failed == "HOLE" else "idle")
    return relay._replace(at=relay.upto, upto=0, turn=0, part=())
