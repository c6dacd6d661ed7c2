"""The specification of the projector: two owners of one partition, each of which may be interrupted anywhere.

It relies on what publication.py promises of the stream: ascending, without a gap; an event may come twice, and the
stream may go back, together with everything else that Redis knows of the partition.

The history is one order and its customer: the order is placed, the customer gets another name, which a step of its
own carries into the order, and the order is confirmed.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tests.model.exploration import Specification, Steps

PLACED, RENAMED, CONFIRMED = "placed", "renamed", "confirmed"
HISTORY: Final = (PLACED, RENAMED, CONFIRMED, CONFIRMED)
"""The entries of the stream, positions from 1. One event comes twice, as two relays without an oplog can make it."""

# The guards, each where the code has it.
APPLY_COMPARES = "projector/scripts.py APPLY: a step is refused unless it began from the stored checkpoint"
READ_COMPARES = "projector/scripts.py READ: rows are read as of the checkpoint, or not at all"
VERSION_FILTER = "projector/projections/sequence.py: an event that the row has seen is dropped"
LOOKS_AGAIN = "projector/consumer.py: where nothing arrives, the checkpoint is looked at"
RENAMES_COUNTED = "projector/scripts.py: a carried rename is a change of the checkpoint"
REMEMBERS_A_CHECKPOINT = "projector/memory.py: rows are remembered as of a checkpoint, and no other"
GUARDS: Final = frozenset(
    {APPLY_COMPARES, READ_COMPARES, VERSION_FILTER, LOOKS_AGAIN, RENAMES_COUNTED, REMEMBERS_A_CHECKPOINT}
)


class Rows(NamedTuple):
    """What is shown. `effects`: the events that entered the totals, in order; the rest is the rows' content."""

    effects: tuple[str, ...] = ()
    name_in_order: str = ""
    name: str = "old"
    is_carrying: bool = False


class Checkpoint(NamedTuple):
    position: int = 0
    renames: int = 0


class Redis(NamedTuple):
    """One partition: how much of the history its stream has, its checkpoint and its rows."""

    stream: int = 0
    checkpoint: Checkpoint = Checkpoint()
    rows: Rows = Rows()


class Owner(NamedTuple):
    """A consumer: where it believes to be, how far the batch goes that it has read, and the rows it read for it.

    `batch` equal to the position is a rename to carry on. `remembered` are the rows that its own last step left.
    """

    start: Checkpoint
    batch: int | None = None
    rows: Rows | None = None
    remembered: Rows | None = None


class State(NamedTuple):
    redis: Redis = Redis()
    owners: tuple[Owner | None, ...] = (None, None)
    replica: Redis | None = None
    """What Redis will be after a failover."""
    faults: int = 0


def fold(rows: Rows, entries: Sequence[str], *, filters: bool = True) -> Rows:
    """projector/batch.py: the rows after the entries. What is absolute in a row goes by the rows that were read."""
    for entry in entries:
        if filters and entry in rows.effects:
            continue
        rows = rows._replace(effects=(*rows.effects, entry))
        if entry == PLACED:
            rows = rows._replace(name_in_order=rows.name)
        elif entry == RENAMED:
            rows = rows._replace(name="new", is_carrying=True)
    return rows


class Projection(Specification[State]):
    """Two owners, one partition, a Redis that fails over to an earlier state or comes back empty."""

    def __init__(self, guards: frozenset[str] = GUARDS, *, faults: int = 1) -> None:
        self._guards = guards
        self._faults = faults

    def initial(self) -> State:
        return State()

    def actions(self) -> Sequence[Callable[[State], Steps[State]]]:
        return [self.publish, self.start, self.fetch, self.read, self.apply, self.begin_rename, self.carry_on]

    def faults(self) -> Sequence[Callable[[State], Steps[State]]]:
        return [self.stop_replicating, self.fail_over, self.empty, self.crash]

    def invariants(self) -> Mapping[str, Callable[[State], bool]]:
        return {
            "Every event up to the checkpoint took effect once, in order, and none above it": _is_exact,
            "When no rename is on its way, the order shows the customer's name": _is_named,
        }

    def likeness(self, state: State) -> Hashable:
        return state._replace(owners=()), frozenset(state.owners)

    def is_goal(self, state: State) -> bool:
        redis = state.redis
        return redis.checkpoint.position == len(HISTORY) and not redis.rows.is_carrying

    def publish(self, state: State) -> Steps[State]:
        """The relay adds the next entry."""
        if state.redis.stream < len(HISTORY):
            length = state.redis.stream + 1
            yield f"{HISTORY[length - 1]} is published at {length}", _with(state, stream=length)

    def start(self, state: State) -> Steps[State]:
        """Consumer.step, Store.checkpoint: an owner begins where the checkpoint is."""
        for n, owner in enumerate(state.owners):
            if owner is None:
                yield f"owner {n} starts at {state.redis.checkpoint}", _owner(state, n, Owner(state.redis.checkpoint))

    def fetch(self, state: State) -> Steps[State]:
        """Store.entries_after: entries above what the owner believes; where there are none it looks where it is."""
        for n, owner in _owners(state):
            if owner.batch is not None:
                continue
            for last in range(owner.start.position + 1, state.redis.stream + 1):
                yield f"owner {n} fetches up to {last}", _owner(state, n, owner._replace(batch=last))
            stored = state.redis.checkpoint
            if owner.start.position >= state.redis.stream and stored != owner.start and LOOKS_AGAIN in self._guards:
                yield f"owner {n} looks again and goes on from {stored}", _owner(state, n, self._on_from(stored, owner))

    def read(self, state: State) -> Steps[State]:
        """Consumer._read, scripts.READ: what is remembered, or what stands there if the batch still begins there."""
        for n, owner in _owners(state):
            if owner.batch is None or owner.batch == owner.start.position or owner.rows is not None:
                continue
            if owner.remembered is not None:
                known = owner._replace(rows=owner.remembered, remembered=None)
                yield f"owner {n} remembers the rows", _owner(state, n, known)
            elif READ_COMPARES in self._guards and state.redis.checkpoint != owner.start:
                yield f"owner {n} reads no rows: stale", _owner(state, n, Owner(state.redis.checkpoint))
            else:
                yield f"owner {n} reads rows", _owner(state, n, owner._replace(rows=state.redis.rows))

    def apply(self, state: State) -> Steps[State]:
        """scripts.APPLY: rows, totals and the checkpoint at once, or nothing."""
        for n, owner in _owners(state):
            if owner.batch is None or owner.rows is None or owner.batch == owner.start.position:
                continue
            if APPLY_COMPARES in self._guards and state.redis.checkpoint != owner.start:
                refused = self._on_from(state.redis.checkpoint, owner)
                yield f"owner {n} is refused", _owner(state, n, refused)
                continue
            entries = HISTORY[owner.start.position : owner.batch]
            folded = fold(owner.rows, entries, filters=VERSION_FILTER in self._guards)
            # Totals are added to, the rename is put in a set; rows are written as they were read and folded.
            new, stored = folded.effects[len(owner.rows.effects) :], state.redis.rows
            rows = folded._replace(effects=stored.effects + new, is_carrying=stored.is_carrying or RENAMED in new)
            reached = owner.start._replace(position=owner.batch)
            redis = state.redis._replace(checkpoint=reached, rows=rows)
            went_on = Owner(reached, remembered=folded)
            yield f"owner {n} applies up to {owner.batch}", _owner(state._replace(redis=redis), n, went_on)

    def begin_rename(self, state: State) -> Steps[State]:
        """Store.next_rename, Store.read: the order that must show another name, as of the checkpoint."""
        for n, owner in _owners(state):
            if owner.batch is None and state.redis.rows.is_carrying and state.redis.checkpoint == owner.start:
                begun = Owner(owner.start, owner.start.position, state.redis.rows)
                yield f"owner {n} reads for the rename", _owner(state, n, begun)

    def carry_on(self, state: State) -> Steps[State]:
        """scripts.APPLY with a rename: refused where the checkpoint or the rename's own progress is another."""
        for n, owner in _owners(state):
            if owner.rows is None or owner.batch != owner.start.position:
                continue
            redis = state.redis
            if redis.checkpoint != owner.start or not redis.rows.is_carrying:
                yield f"owner {n} is refused the rename", _owner(state, n, Owner(redis.checkpoint))
                continue
            reached = owner.start
            if RENAMES_COUNTED in self._guards:
                reached = reached._replace(renames=reached.renames + 1)
            rows = redis.rows._replace(name_in_order=owner.rows.name, is_carrying=False)
            carried = state._replace(redis=redis._replace(checkpoint=reached, rows=rows))
            yield f"owner {n} carries the rename into the order", _owner(carried, n, Owner(reached))

    def _on_from(self, stored: Checkpoint, owner: Owner) -> Owner:
        """An owner that learns of another checkpoint; what it remembers, or has read, is of the one before."""
        known = owner.rows or owner.remembered
        return Owner(stored, remembered=None if REMEMBERS_A_CHECKPOINT in self._guards else known)

    def stop_replicating(self, state: State) -> Steps[State]:
        """From here on nothing reaches the replica, or the disk."""
        if state.replica is None and state.faults < self._faults:
            yield "the replica falls behind", state._replace(replica=state.redis)

    def fail_over(self, state: State) -> Steps[State]:
        """The replica is promoted: stream, checkpoint and rows go back together."""
        if state.replica is not None and state.replica != state.redis:
            yield (
                f"Redis fails over to {state.replica}",
                State(state.replica, state.owners, None, state.faults + 1),
            )

    def empty(self, state: State) -> Steps[State]:
        """Redis comes back with nothing."""
        if state.faults < self._faults and state.redis != Redis():
            yield "Redis is emptied", State(Redis(), state.owners, None, state.faults + 1)

    def crash(self, state: State) -> Steps[State]:
        """A process ends, wherever it is."""
        for n, _ in _owners(state):
            yield f"owner {n} crashes", _owner(state, n, None)


def _is_exact(state: State) -> bool:
    return state.redis.rows.effects == fold(Rows(), HISTORY[: state.redis.checkpoint.position]).effects


def _is_named(state: State) -> bool:
    rows = state.redis.rows
    return rows.is_carrying or rows.name_in_order in ("", rows.name)


def _owners(state: State) -> Iterator[tuple[int, Owner]]:
    return ((n, owner) for n, owner in enumerate(state.owners) if owner is not None)


def _owner(state: State, n: int, owner: Owner | None) -> State:
    return state._replace(owners=(*state.owners[:n], owner, *state.owners[n + 1 :]))


def _with(state: State, *, stream: int) -> State:
    return state._replace(redis=state.redis._replace(stream=stream))
