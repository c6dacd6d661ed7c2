"""The specification of a node that reads: it follows one partition, a client there waits, another subscribes.

It relies on what projection.py promises: checkpoint, rows and feed move together, the feed has every change at its own
position, and all of it may go back. So a partition is here no more than how far it is projected, and what the feed
still has. The node may lose Redis, the subscriber their connection, and be slow.
"""

from collections.abc import Callable, Mapping, Sequence

from tests.model.exploration import Specification, Steps
from tests.model.followed import (
    BY_POSITION,
    DRAINED,
    EXPIRES,
    FORGETS,
    GOES_BACK,
    GUARDS,
    HEARD,
    RESYNC,
    RESYNCS_TRIMMED,
    RESYNCS_UNKNOWN,
    SUBSCRIBES_FIRST,
    Bounds,
    Page,
    Partition,
    State,
    Subscriber,
)


class Following(Specification[State]):
    """One partition, one node, one client with a token, one subscriber who begins at the beginning."""

    def __init__(self, bounds: Bounds = Bounds(), guards: frozenset[str] = GUARDS) -> None:  # noqa: B008
        self._bounds = bounds
        self._guards = guards

    def initial(self) -> State:
        """One change was projected and handed out already: the cursor comes from there."""
        return State(
            Partition(checkpoint=1),
            subscriber=Subscriber("away" if self._bounds.has_subscriber else "expired", cursor=1, handed_out=1),
            client="waits" if self._bounds.token else "read",
        )

    def actions(self) -> Sequence[Callable[[State], Steps[State]]]:
        return [
            self.project, self.compare, self.fetch, self.announce, self.fall_silent, self.release, self.read,
            self.connect, self.take_page, self.hand_out, self.end_page, self.take_item,
        ]  # fmt: skip

    def faults(self) -> Sequence[Callable[[State], Steps[State]]]:
        trimming = [self.trim_feed] if self._bounds.trims else []
        return [self.roll_back, self.lose_connection, self.disconnect, *trimming]

    def invariants(self) -> Mapping[str, Callable[[State], bool]]:
        return {
            "A subscriber gets every change once, in order": lambda state: not state.subscriber.wrong,
            "A node is not ahead of the read model, unless Redis went back and has not answered since": _is_not_ahead,
            "Who has waited for a token reads what it marks": lambda state: state.client != "missed" or state.deceived,
        }

    def is_goal(self, state: State) -> bool:
        """Everything is projected; the client has read, the subscriber has everything or knows that it has not."""
        wanted = self._wanted(0, self._bounds.changes)
        subscriber = state.subscriber
        return (
            state.partition.checkpoint == self._bounds.changes
            and state.client != "waits"
            and (subscriber.phase == "expired" or subscriber.handed_out == wanted[-1])
        )

    def _wanted(self, after: int, upto: int) -> list[int]:
        return [position for position in range(after + 1, upto + 1) if position not in self._bounds.quiet]

    # The partition.

    def project(self, state: State) -> Steps[State]:
        """scripts.APPLY: rows, checkpoint and notices move on together, by any number of events."""
        for reached in range(state.partition.checkpoint + 1, self._bounds.changes + 1):
            yield f"projected up to {reached}", state._replace(partition=state.partition._replace(checkpoint=reached))

    def trim_feed(self, state: State) -> Steps[State]:
        """scripts.APPLY, XTRIM: what is old goes, the last never. A fault, because it may cost a subscriber."""
        for first in range(state.partition.first + 1, state.partition.checkpoint + 1):
            yield f"the feed is trimmed below {first}", state._replace(partition=state.partition._replace(first=first))

    def roll_back(self, state: State) -> Steps[State]:
        """Checkpoint, rows and feed are as they were, or empty."""
        if state.rollbacks == self._bounds.rollbacks:
            return
        for checkpoint in range(state.partition.checkpoint):
            for first in {1, min(state.partition.first, checkpoint)} - {0}:
                follower = state.follower._replace(is_deceived=state.follower.position is not None)
                deceived = state.deceived or state.client == "released"
                yield (
                    f"Redis goes back to {checkpoint}",
                    state._replace(
                        partition=Partition(checkpoint, first),
                        follower=follower,
                        deceived=deceived,
                        rollbacks=state.rollbacks + 1,
                    ),
                )

    # The node.

    def compare(self, state: State) -> Steps[State]:
        """changes.py _compare: one transaction reads the stored position and whether the feed has something later."""
        follower, stored = state.follower, state.partition.checkpoint
        if not follower.is_silent:
            return
        position = follower.position
        told = follower._replace(is_silent=False, is_deceived=False)
        has_later = state.partition.oldest is not None and stored > (position or 0)
        if position is not None and stored < position:
            if GOES_BACK in self._guards:
                told = told._replace(position=stored)
            subscriber = state.subscriber
            if FORGETS in self._guards:
                kept = tuple(item for item in subscriber.buffer if item <= stored)
                subscriber = subscriber._replace(buffer=kept)
            yield f"the follower compares: Redis is at {stored}", state._replace(follower=told, subscriber=subscriber)
        elif position is None or (stored > position and not has_later):
            arrived = state._replace(follower=told._replace(position=stored))
            if RESYNCS_UNKNOWN in self._guards:
                arrived = self._offer(arrived, RESYNC)
            yield f"the follower arrives at {stored}", arrived
        else:
            yield "the follower compares: all is well", state._replace(follower=told)

    def fetch(self, state: State) -> Steps[State]:
        """changes.py _take, XREAD: the next entries of the feed, any number of them."""
        follower = state.follower
        if follower.is_silent or follower.fetched or follower.position is None:
            return
        for upto in range(max(follower.position + 1, state.partition.first), state.partition.checkpoint + 1):
            fetched = follower._replace(fetched=upto, is_deceived=False)
            yield f"the follower fetches up to {upto}", state._replace(follower=fetched)

    def announce(self, state: State) -> Steps[State]:
        """changes.py _take, XRANGE and after: look at the oldest entry, tell everyone, arrive."""
        follower = state.follower
        if not follower.fetched or follower.position is None:
            return
        oldest = state.partition.oldest
        if oldest is None:  # emptied between the two commands: the reply cannot be read, and is tried again
            yield "the follower's reply fails", state._replace(follower=follower._replace(fetched=0, is_silent=True))
            return
        announced = state
        if oldest > follower.position and RESYNCS_TRIMMED in self._guards:
            announced = self._offer(announced, RESYNC)
        for position in self._wanted(max(follower.position, oldest - 1), follower.fetched):
            announced = self._offer(announced, position)
        arrived = follower._replace(position=follower.fetched, fetched=0)
        yield f"the follower announces up to {follower.fetched}", announced._replace(follower=arrived)

    def fall_silent(self, state: State) -> Steps[State]:
        """changes.py _take: nothing came for a while."""
        follower, partition = state.follower, state.partition
        has_later = partition.oldest is not None and partition.checkpoint > (follower.position or 0)
        if not follower.is_silent and not follower.fetched and not has_later:
            yield "the feed is silent", state._replace(follower=follower._replace(is_silent=True))

    def lose_connection(self, state: State) -> Steps[State]:
        """changes.py run: after any failure the follower compares first."""
        if not state.follower.is_silent:
            yield "the follower is cut off", state._replace(follower=state.follower._replace(fetched=0, is_silent=True))

    # A client with a token.

    def release(self, state: State) -> Steps[State]:
        """changes.py reached: the wait ends when the follower has come so far."""
        if state.client == "waits" and (state.follower.position or 0) >= self._bounds.token:
            yield "the wait ends", state._replace(client="released", deceived=state.follower.is_deceived)

    def read(self, state: State) -> Steps[State]:
        """connection.py read: rows as they are now."""
        if state.client == "released":
            shown = state.partition.checkpoint >= self._bounds.token
            said = "sees" if shown else "does not see"
            yield f"the client {said} it", state._replace(client="read" if shown else "missed")

    # A subscriber.

    def connect(self, state: State) -> Steps[State]:
        """order_feed.py open: from the cursor on, unless the feed has forgotten what follows it."""
        subscriber = state.subscriber
        if subscriber.phase == "away":
            resumed = subscriber._replace(phase="replaying", position=subscriber.cursor)
            yield f"the subscriber resumes after {subscriber.cursor}", self._checked(state, resumed)

    def take_page(self, state: State) -> Steps[State]:
        """order_feed.py _page: stored position, entries above ours, and the oldest, in one round trip."""
        subscriber, partition = state.subscriber, state.partition
        if subscriber.phase not in ("replaying", "replaying again") or subscriber.page:
            return
        page = Page(partition.checkpoint, partition.checkpoint)
        heard = subscriber.heard if subscriber.phase == "replaying again" else 0
        paged = subscriber._replace(page=page, heard=heard)
        # What was trimmed is not on the page.
        if partition.first > subscriber.position + 1:
            paged = paged._replace(position=partition.first - 1)
        yield f"the subscriber reads the feed up to {page.upto}", self._checked(state, subscriber, paged)

    def hand_out(self, state: State) -> Steps[State]:
        """order_feed.py _replay: change after change, as slowly as the client likes."""
        subscriber = state.subscriber
        if not subscriber.page:
            return
        if nexts := self._wanted(subscriber.position, subscriber.page.upto)[:1]:
            handed = self._give(subscriber._replace(position=nexts[0]), nexts[0])
            yield f"the subscriber gets {nexts[0]}", state._replace(subscriber=handed)

    def end_page(self, state: State) -> Steps[State]:
        """order_feed.py _replay, follow: go on live, unless the followers had heard of more than the feed has now."""
        subscriber = state.subscriber
        if not subscriber.page or self._wanted(subscriber.position, subscriber.page.upto):
            return
        position = max(subscriber.position, subscriber.page.stored)
        ended = subscriber._replace(page=None, position=position)
        followed = state.follower.position or 0
        if subscriber.phase == "replaying":
            phase = "replaying again" if SUBSCRIBES_FIRST in self._guards else "live"
            yield "the subscriber subscribes", state._replace(subscriber=ended._replace(phase=phase, heard=followed))
        elif HEARD in self._guards and position < min(subscriber.heard, followed):
            yield "the subscriber reads once more", state._replace(subscriber=ended)
        else:
            yield "the subscriber is live", state._replace(subscriber=ended._replace(phase="live", heard=0))

    def take_item(self, state: State) -> Steps[State]:
        """order_feed.py follow: the next thing that was offered."""
        subscriber = state.subscriber
        if subscriber.phase != "live" or not subscriber.buffer:
            return
        item, rest = subscriber.buffer[0], subscriber.buffer[1:]
        taken = subscriber._replace(buffer=rest)
        if item == RESYNC:
            again = taken._replace(phase="replaying again", heard=state.follower.position or 0)
            yield "the subscriber must look again", state._replace(subscriber=again)
        elif item <= subscriber.position and BY_POSITION in self._guards:
            yield f"the subscriber knows {item}", state._replace(subscriber=taken)
        else:
            taken = taken._replace(position=item)
            if not rest or DRAINED not in self._guards:
                taken = taken._replace(position=max(item, state.follower.position or 0))
            yield f"the subscriber gets {item} live", state._replace(subscriber=self._give(taken, item))

    def disconnect(self, state: State) -> Steps[State]:
        """The client goes, with the cursor that it has."""
        if state.subscriber.phase not in ("away", "expired"):
            yield "the subscriber goes away", state._replace(subscriber=_away(state.subscriber))

    def _offer(self, state: State, item: int) -> State:
        """subscription.py offer: into the buffer, or the end where that is full. SLOW_CONSUMER: the client resumes."""
        subscriber = state.subscriber
        if subscriber.phase not in ("replaying again", "live"):
            return state
        if item != RESYNC and item <= subscriber.position and BY_POSITION in self._guards:
            return state
        if len(subscriber.buffer) == self._bounds.buffer:
            return state._replace(subscriber=_away(subscriber))
        return state._replace(subscriber=subscriber._replace(buffer=(*subscriber.buffer, item)))

    def _checked(self, state: State, before: Subscriber, after: Subscriber | None = None) -> State:
        """order_feed.py _check: CURSOR_EXPIRED unless an entry that is no newer proves that nothing is missing."""
        oldest = state.partition.oldest or state.partition.checkpoint
        if EXPIRES in self._guards and oldest > before.position:
            return state._replace(subscriber=_away(before)._replace(phase="expired"))
        return state._replace(subscriber=after or before)

    def _give(self, subscriber: Subscriber, change: int) -> Subscriber:
        wrong = ""
        if change <= subscriber.handed_out:
            wrong = f"{change} came twice"
        elif between := self._wanted(subscriber.handed_out, change - 1):
            wrong = f"{between} never came"
        return subscriber._replace(handed_out=change, cursor=subscriber.position, wrong=wrong)


def _is_not_ahead(state: State) -> bool:
    return state.follower.is_deceived or (state.follower.position or 0) <= state.partition.checkpoint


def _away(subscriber: Subscriber) -> Subscriber:
    return Subscriber(cursor=subscriber.cursor, handed_out=subscriber.handed_out)
