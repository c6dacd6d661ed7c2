"""What relays do seldom: publish without the oplog, and trim; a part of the specification in publication.py."""

from tests.model.exploration import Steps
from tests.model.published import (
    BELOW_MARKER,
    RECORDED_ANEW,
    RECORDED_FIRST,
    STEP,
    TRIMMED_AT_ONCE,
    Relay,
    State,
    trimmed,
    with_relay,
    with_segment,
    with_w,
)  # fmt: skip


class Seldom:
    """Actions; of the specification it needs to know the guards."""

    def __init__(self, guards: frozenset[str]) -> None:
        self._guards = guards

    # Without the oplog.

    def mark(self, state: State) -> Steps[State]:
        """replay.py _mark: a heartbeat that divides the time."""
        for r, relay in enumerate(state.relays):
            if relay.phase == "marking":
                log = state.journal.log
                # A marker that nothing divides from the last one divides the time at the same place.
                journal = state.journal._replace(log=log if log[-1:] == (None,) else (*log, None))
                marked = relay._replace(phase="looking", marker=journal.end)
                yield f"relay {r} marks {journal.end}", with_relay(state, r, marked)._replace(journal=journal)

    def look(self, state: State) -> Steps[State]:
        """replay.py reconcile: what keeps its position, and what was published nowhere and gets one of the marker's."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "looking":
                continue
            known = state.journal.known()
            found = [e for s in state.streams for e in s.visible() if e[1] and e[0] > relay.recorded]
            there = {event: position for position, event in found if event}
            settled = known
            if RECORDED_ANEW in self._guards:
                settled = {event: position for event, position in known.items() if position <= relay.recorded}
            keep = sorted(
                (position, event)
                for event, position in {**there, **known}.items()
                if event not in settled and (position < relay.marker or BELOW_MARKER not in self._guards)
            )
            committed = [e for _, events in state.journal.changes(0, relay.marker) for e in events or ()]
            missing = [event for event in committed if event not in known and event not in there]
            plan = keep + [(relay.marker + n, event) for n, event in enumerate(missing, 1)]
            end = relay.marker + len(missing)
            looked = relay._replace(phase="settling", marker=end, plan=tuple(plan))
            yield f"relay {r} plans {plan}", with_relay(state, r, looked)

    def settle(self, state: State) -> Steps[State]:
        """segments.py settle: the plan is recorded and W moved, unless W is no longer what it was."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "settling":
                continue
            if state.journal.w != relay.w:
                yield f"relay {r} is overtaken", with_relay(state, r, Relay())
                continue
            journal = with_w(with_segment(state.journal, relay.plan), relay.marker)
            end = relay.marker
            settled = Relay("opening", w=end, recorded=end, at=end)
            yield f"relay {r} settles W at {end}", with_relay(state, r, settled)._replace(journal=journal)

    # Trimming; as if nothing had to grow old.

    def look_for_trim(self, state: State) -> Steps[State]:
        """publisher.py trim: up to where it may."""
        for r, relay in enumerate(state.relays):
            if relay.phase != "following" or relay.trim:
                continue
            recorded = relay.recorded if RECORDED_FIRST in self._guards else STEP * 99
            bounds = tuple(min(stream.checkpoint, recorded) for stream in state.streams)
            if TRIMMED_AT_ONCE in self._guards:
                yield f"relay {r} trims below {bounds}", trimmed(state, bounds)
            else:
                yield f"relay {r} may trim below {bounds}", with_relay(state, r, relay._replace(trim=bounds))

    def trim(self, state: State) -> Steps[State]:
        """publisher.py trim: the second of two steps, where it takes two."""
        for r, relay in enumerate(state.relays):
            if relay.trim:
                yield (
                    f"relay {r} trims below {relay.trim}",
                    trimmed(with_relay(state, r, relay._replace(trim=())), relay.trim),
                )
