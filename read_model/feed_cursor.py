"""The cursor of a feed of many partitions: a place for each, as text for clients."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from read_model.errors import BadCursor
from read_model.subscription import WHOLE, Place
from write_model.contracts.streams import InvalidToken, Token

LARGEST = 2**63 - 1
"""Of the numbers in a position, in Redis."""


def encode(places: Mapping[int, Place]) -> str:
    """A token of the positions; behind it `.<partition>-<taken>` for each entry of which not all was taken."""
    return _encoded(tuple(places.items()))


# Whoever follows the same is mostly at the same places.
@lru_cache(maxsize=100)
def _encoded(places: tuple[tuple[int, Place], ...]) -> str:
    token = Token(tuple((partition, place.position) for partition, place in places))
    partly = (f".{partition}-{place.taken}" for partition, place in places if place.taken < WHOLE)
    return "".join((token.encode(), *partly))


def decode(cursor: str, partitions: Collection[int], there_are: int) -> dict[int, Place]:
    """The places in a cursor for these partitions; BadCursor unless it has one for each of them.

    It may have more: the position of the projection, and whoever followed all may go on with one customer's.
    """
    token, *partly = cursor.split(".")
    try:
        positions = dict(Token.decode(token).positions)
        taken = {int(partition): int(count) for partition, count in (part.split("-") for part in partly)}
    except (InvalidToken, ValueError) as error:
        raise BadCursor(argument="after") from error
    numbers = [number for position in positions.values() for number in position]
    if not set(partitions) <= positions.keys() <= set(range(there_are)):
        raise BadCursor(argument="after")
    if not all(0 <= number <= LARGEST for number in numbers):
        raise BadCursor(argument="after")
    if not taken.keys() <= positions.keys() or not all(0 < count < WHOLE for count in taken.values()):
        raise BadCursor(argument="after")
    return {partition: Place(positions[partition], taken.get(partition, WHOLE)) for partition in partitions}
