"""What following.py speaks of: the partition in Redis, the node that follows it, and the subscriber there."""

from typing import Final, NamedTuple

RESYNC: Final = 0
"""In a subscriber's buffer: look for yourself. Everything else there is a position."""

# The guards, each where the code has it.
GOES_BACK = "read_model/changes.py _compare: a follower that is ahead of the checkpoint goes back"
FORGETS = "read_model/subscription.py forget: what waits in the buffers goes where the follower goes back behind it"
RESYNCS_TRIMMED = "read_model/changes.py _take: a feed that begins above the follower's position makes all look again"
RESYNCS_UNKNOWN = "read_model/changes.py _compare: a position that was come to unseen makes all look again"
SUBSCRIBES_FIRST = "read_model/order_feed.py follow: what was announced before the subscription is read after it began"
HEARD = "read_model/order_feed.py _is_behind: a replay lasts until it has come to what the follower heard before"
BY_POSITION = "read_model/order_feed.py _wants: what lies at or below the cursor is known"
DRAINED = "read_model/order_feed.py _catch_up: the cursor follows the follower only when nothing waits in the buffer"
EXPIRES = "read_model/order_feed.py _check: a feed that begins above the cursor cannot go on from it"
GUARDS: Final = frozenset(
    {GOES_BACK, FORGETS, RESYNCS_TRIMMED, RESYNCS_UNKNOWN, SUBSCRIBES_FIRST, HEARD, BY_POSITION, DRAINED, EXPIRES}
)


class Bounds(NamedTuple):
    """`changes`: how many positions there are; those in `quiet` are no change that the subscriber wants.

    `buffer`: items that may wait for the subscriber; `token`: the position that a client waits for, 0 for no client.
    """

    changes: int = 4
    quiet: frozenset[int] = frozenset({3})
    buffer: int = 2
    token: int = 0
    has_subscriber: bool = True
    rollbacks: int = 1
    trims: bool = True


class Partition(NamedTuple):
    """In Redis: projected up to `checkpoint`; the feed has the positions from `first` to there."""

    checkpoint: int = 0
    first: int = 1

    @property
    def oldest(self) -> int | None:
        return self.first if self.first <= self.checkpoint else None


class Follower(NamedTuple):
    """One node's. `position` None: not known yet; `fetched`: up to where the reply goes that it is about to look at."""

    position: int | None = None
    fetched: int = 0
    is_silent: bool = True
    """Whether it asks for the checkpoint next, because the feed said nothing or the connection is new."""
    is_deceived: bool = False
    """Redis went back, and the node has had no answer since."""


class Page(NamedTuple):
    """A subscriber's reply from the feed: changes not yet handed out, up to where it goes, and the stored position."""

    upto: int
    stored: int


class Subscriber(NamedTuple):
    """An OrderFeed and its client. `cursor`: the last that the client has; `handed_out`: the last change it was given.

    `phase`: away, replaying (not subscribed yet), replaying again (subscribed), live, expired.
    """

    phase: str = "away"
    position: int = 0
    cursor: int = 0
    handed_out: int = 0
    page: Page | None = None
    heard: int = 0
    buffer: tuple[int, ...] = ()
    wrong: str = ""


class State(NamedTuple):
    partition: Partition = Partition()
    follower: Follower = Follower()
    subscriber: Subscriber = Subscriber()
    client: str = "waits"
    """`waits` for the token, is `released`, or has `read`."""
    deceived: bool = False
    """Whether Redis went back after the client was released, or before and the node did not know yet."""
    rollbacks: int = 0
