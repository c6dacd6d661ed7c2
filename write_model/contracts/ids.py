"""Ids: a prefix for the kind, a UUIDv7 in base32, and the slot that says where the thing lives.

`ord_` + 26 characters + 2 characters. The UUIDv7 (RFC 9562, section 5.7) begins with the milliseconds of its
creation and base32 keeps that order, so ids of one kind sort by creation time as plain strings.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Annotated, Final, Literal, cast

from pydantic import AfterValidator

Kind = Literal["cus", "prd", "ord", "cmd"]
Entropy = Callable[[int], bytes]

# Crockford's alphabet: digits first, so that the encoding sorts as the number does; no i, l, o, u.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
SLOTS: Final = len(ALPHABET) ** 2
CATALOGUE_SLOT: Final = 0
NOUNS: Final[dict[Kind, str]] = {"cus": "customer", "prd": "product", "ord": "order", "cmd": "command"}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_UUID_LENGTH: Final = 26
_SLOT_LENGTH: Final = 2
ID_LENGTH: Final = len("ord_") + _UUID_LENGTH + _SLOT_LENGTH
"""Characters of every id, all of them ASCII."""
_SLOTS: Final = {high + low: slot for slot, (high, low) in enumerate(product(ALPHABET, repeat=2))}
_WELL_FORMED: Final = re.compile(rf"({'|'.join(NOUNS)})_[{ALPHABET}]{{{_UUID_LENGTH + _SLOT_LENGTH}}}")


def new_id(kind: Kind, slot: int, now: datetime, entropy: Entropy) -> str:
    """A new id of the kind in the slot; `entropy(n)` gives n random bytes."""
    random = int.from_bytes(entropy(10), "big")
    uuid7 = _milliseconds(now) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return f"{kind}_{_base32(uuid7, _UUID_LENGTH)}{_base32(slot, _SLOT_LENGTH)}"


def new_slot(entropy: Entropy) -> int:
    """A slot for something that belongs to nothing else yet: a new customer."""
    return int.from_bytes(entropy(2), "big") % SLOTS


def slot_of(id: str) -> int:
    """The slot that an id carries."""
    return _SLOTS[id[-2:]]


def made_at(id: str) -> datetime:
    """When the id was made, in whole milliseconds; the end of time for an invented one that says later."""
    number = 0
    for character in id[4 : 4 + _UUID_LENGTH]:
        number = number << 5 | ALPHABET.index(character)
    return _EPOCH + timedelta(milliseconds=min(number >> 80, _END))


def earliest_id(kind: Kind, moment: datetime) -> str:
    """A bound: every id of the kind made at the moment or later sorts at or above it, every earlier one below."""
    return f"{kind}_{_base32(max(0, _milliseconds(moment)) << 80, _UUID_LENGTH)}"


def kind_of(id: str) -> Kind | None:
    """The kind of a well-formed id, None for anything else."""
    found = _WELL_FORMED.fullmatch(id)
    return cast(Kind, found[1]) if found else None


def _check(kind: Kind) -> Callable[[str], str]:
    def check(id: str) -> str:
        if kind_of(id) != kind:
            raise ValueError(f"is not the id of {'an' if kind == 'ord' else 'a'} {NOUNS[kind]}")
        return id

    return check


def _milliseconds(moment: datetime) -> int:
    # In whole numbers: a float of seconds is off by one millisecond now and then.
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _base32(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(length)))


CustomerId = Annotated[str, AfterValidator(_check("cus"))]
ProductId = Annotated[str, AfterValidator(_check("prd"))]
OrderId = Annotated[str, AfterValidator(_check("ord"))]
