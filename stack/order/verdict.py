"""Whether an order's state, row and events agree; where not, what is behind, by how much, and what to do: in words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from stack.order.comparison import Compared
from stack.order.reading import Shown, Written

ALIVE_SECONDS: Final = 5.0
"""A stream that got nothing for longer has no relay: a watermark comes four times a second."""


def findings(id: str, written: Written, shown: Shown, compared: Sequence[Compared], now: datetime) -> list[str]:
    """What is not as it should be; nothing where all agree."""
    problems = [f"{its.field}: {its.problem}" for its in compared if its.problem]
    if written.events and written.state is None:
        problems.insert(0, "MongoDB has its history, but no state.")
    if problems:
        problems.append("What is wrong in Redis, `orderstream rebuild` mends; for the rest see `orderstream verify`.")
    if not shown.is_prepared:
        return [*problems, "The read model is being prepared from the journal: wait until /readyz answers 200."]
    if shown.damage:
        return [*problems, f"The row cannot be read ({shown.damage}): `orderstream rebuild` mends it."]
    version = shown.row.summary.version if shown.row else 0
    behind = [document["version"] for document in written.events if document["version"] > version]
    if version > len(written.events):
        problems.append(
            "Redis shows what the journal does not have: was MongoDB set back, or is this another database?"
        )
    if behind:
        problems.append(_how_far(version, len(behind)))
        problems.append(_waits_for(id, behind, shown, now))
    return problems


def _how_far(version: int, behind: int) -> str:
    at = f"The row is at version {version}" if version else "There is no row yet"
    return f"{at}, {_events(behind)} behind."


def _waits_for(id: str, behind: Sequence[int], shown: Shown, now: datetime) -> str:
    """What comes next for the first event that is not shown."""
    first = behind[0]
    if first in shown.parked:
        return (
            f"{id}@{first} is parked: {shown.parked[first]}. Later ones wait behind it: mend the cause, then "
            f"`orderstream parked retry {id}`."
        )
    where = f"partition {shown.partition}"
    if first in shown.waiting:
        return (
            f"It is published; the projector of {where} has {_events(shown.lag.events)} to go and is "
            f"{shown.lag.seconds:.1f} s behind: if that grows, see that a projector runs."
        )
    if shown.end is None:
        return f"It is not published, the stream of {where} is empty: see that a relay runs."
    silence = (now - datetime.fromtimestamp(shown.end.ms / 1000, UTC)).total_seconds()
    if silence > ALIVE_SECONDS:
        return f"It is not published, and the stream of {where} got nothing for {silence:.0f} s: see that a relay runs."
    return f"It is not published yet; the relay is at work in {where}: look again in a moment."


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"
