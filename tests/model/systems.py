"""The bounds within which the specifications are explored, and which of them shows what each guard is for.

MODEL_BOUNDS=large explores more of everything, for minutes instead of seconds.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.model import followed, projection, published
from tests.model.exploration import Specification
from tests.model.following import Following
from tests.model.projection import Projection
from tests.model.publication import Publication

System = Callable[[frozenset[str]], Specification[Any]]
"""A specification within bounds, with the guards that are passed."""

ONE_EACH: Final = ((0,), (0,))
"""Two commits in one partition."""


def _published(commits: tuple[tuple[int, ...], ...], **bounds: Any) -> System:
    return lambda guards: Publication(published.Bounds(commits, **bounds), guards)


def _followed(**bounds: Any) -> System:
    return lambda guards: Following(followed.Bounds(**bounds), guards)


def _projected(**bounds: Any) -> System:
    return lambda guards: Projection(guards, **bounds)


PUBLICATION: Final[Mapping[str, System]] = {
    "two relays": _published(ONE_EACH),
    "two relays, Redis goes back": _published(ONE_EACH, beats=0, rollbacks=1),
    "two partitions, one goes back": _published(((0,), (0, 1)), relays=1, rollbacks=1),
    "trimmed streams, Redis goes back": _published(ONE_EACH, relays=1, rollbacks=1, trims=True),
    "trimmed streams, the oplog is lost": _published(((0,),), relays=1, oplogs_lost=1, trims=True),
    "two relays, the oplog is lost": _published(((0,),), oplogs_lost=1),
}
PROJECTION: Final[Mapping[str, System]] = {"two owners, Redis fails over or is emptied": _projected()}
FOLLOWING: Final[Mapping[str, System]] = {
    "a client waits, Redis goes back": _followed(token=2, has_subscriber=False),
    "a subscriber, Redis goes back": _followed(changes=3, quiet=frozenset()),
    "a subscriber with a quiet change": _followed(rollbacks=0),
}
LARGE: Final[Mapping[str, System]] = {
    "two relays, three commits": _published(((0,), (0,), (0,))),
    "two relays, Redis goes back, beats": _published(ONE_EACH, rollbacks=1),
    "two relays, two commits, the oplog is lost": _published(ONE_EACH, beats=0, oplogs_lost=1),
    "trimmed streams, two commits, the oplog is lost": _published(ONE_EACH, relays=1, oplogs_lost=1, trims=True),
    "a relay, Redis goes back and the oplog is lost": _published(((0,),), relays=1, rollbacks=1, oplogs_lost=1),
    "two owners, Redis fails over twice": _projected(faults=2),
    "a subscriber, Redis goes back, a quiet change": _followed(),
}

SYSTEMS: Final[Mapping[str, System]] = {
    **PUBLICATION, **PROJECTION, **FOLLOWING, **(LARGE if os.environ.get("MODEL_BOUNDS") == "large" else {})
}  # fmt: skip

PARTS: Final = {
    "publication": (published.GUARDS, PUBLICATION),
    "projection": (projection.GUARDS, PROJECTION),
    "following": (followed.GUARDS, FOLLOWING),
}

SHOWN_BY: Final[Mapping[str, System]] = {
    published.ID_CHECK: PUBLICATION["two relays"],
    published.ROLLBACK_CHECK: PUBLICATION["trimmed streams, Redis goes back"],
    published.WATERMARK_MEANING: PUBLICATION["two relays"],
    published.RECORDED_FIRST: PUBLICATION["trimmed streams, the oplog is lost"],
    published.TRIMMED_AT_ONCE: PUBLICATION["trimmed streams, Redis goes back"],
    published.W_COMPARED: _published(ONE_EACH, beats=2),
    published.RECORDED_ANEW: _published(ONE_EACH, beats=0, oplogs_lost=1),
    published.BELOW_MARKER: _published(ONE_EACH, beats=0, oplogs_lost=1),
    **dict.fromkeys(projection.GUARDS, *PROJECTION.values()),
    **dict.fromkeys(followed.GUARDS, FOLLOWING["a subscriber, Redis goes back"]),
    followed.GOES_BACK: FOLLOWING["a client waits, Redis goes back"],
    followed.DRAINED: FOLLOWING["a subscriber with a quiet change"],
}
"""By guard: the system that breaks without it."""
