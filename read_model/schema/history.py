"""An order's history: its events as they were published, each in about a hundred bytes.

A list, an element for each event, in order: a JSON array (`Remembered`), deflated (RFC 1951) with a dictionary of what
such events say anyway, and of the order's customer, whom they all name.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from write_model.contracts.streams import Position

KEPT: Final = 1_000
"""Events of an order, the latest ones: far more than an order has that is not edited for ever."""

_FIRST: Final = b"\1"
"""What an element begins with: by which of the dictionaries it was deflated."""
# By what an element begins with. None may ever change: what was deflated with it could not be read any more.
_DICTIONARIES: Final[Mapping[bytes, bytes]] = {
    _FIRST: (
        b'OrderCreatedOrderItemAddedOrderItemQuantityChangedOrderItemRemovedOrderCancelledtombstone"}]'
        b'"reason":"CUSTOMER_REQUEST"}]"PAYMENT_FAILED""EXPIRED""FRAUD""OTHER"'
        b',"line":{"product_id":"prd_0","sku":"","name":"","quantity":1,"unit_price":0}}]"currency":"EUR"}]'
        b',"lines":[{"product_id":"prd_0","sku":"","name":"","quantity":1,"unit_price":00},{"product_id":"prd_0'
        b'","sku":"","name":"","quantity":2,"unit_price":00}],"total":00,"currency":"EUR","shipping_address":{'
        b'"recipient":"","street":"","city":"","postal_code":"","country_code":""},"confirm_by":"2026-11-22T00:00:00.000Z"}]'
        b',"carrier":"DHL","tracking_number":"JD0"}]1,"1795000000000-1048576","OrderPlaced",2,"2026-11-22T00:00:00.000Z",'
        b'2,"1795000000000-1048576","OrderConfirmed",1,"2026-11-22T00:00:00.000Z","cmd_0","customer:cus_0",null,{"'
        b'[3,"1795000000000-1048576","OrderShipped",1,"2026-11-22T00:00:00.000Z","cmd_0","staff:staff",null,{"customer_id":"'
        b'[4,"1795000000000-1048576","OrderDelivered",1,"2026-11-22T00:00:00.000Z","cmd_01","staff:",null,{"customer_id":"'
    )
}
# What is deflated is short: so small a window and so little memory are as good, at a tenth of the time.
_LEVEL, _WINDOW, _MEMORY = 6, -12, 4


class Remembered(NamedTuple):
    """An event in its order's history.

    `data` is what it says, in the shape of its schema version; None, as all else, for one that was given up.
    """

    version: int
    position: Position
    type: str
    schema_version: int | None = None
    occurred_at: str | None = None
    command_id: str | None = None
    actor: str | None = None
    trace: str | None = None
    data: Any = None

    @property
    def is_given_up(self) -> bool:
        """Whether a tombstone stands in its place."""
        return self.schema_version is None


def encode_event(position: Position, entry: Mapping[str, str], customer_id: str) -> bytes:
    """The element of an event of that customer's order, by its stream entry."""
    leaves = (int(entry["version"]), str(position), entry["type"], int(entry["schema"]), entry["at"])
    context = (entry["command"], entry["actor"], entry["trace"] or None)
    return _deflate(to_json((*leaves, *context))[:-1] + b"," + entry["data"].encode() + b"]", customer_id)


def encode_tombstone(position: Position, version: int, type: str, customer_id: str) -> bytes:
    """The element in the place of an event that was given up."""
    return _deflate(to_json((version, str(position), type)), customer_id)


def decode(element: bytes, customer_id: str) -> Remembered:
    """What is remembered in an element; ValueError or zlib.error where it is none."""
    dictionary = _DICTIONARIES.get(element[:1])
    if dictionary is None:
        raise ValueError("a newer program has written this history")
    inflating = zlib.decompressobj(_WINDOW, zdict=dictionary + customer_id.encode())
    version, position, *rest = from_json(inflating.decompress(element[1:]))
    return Remembered(version, Position.parse(position), *rest)


def _deflate(text: bytes, customer_id: str) -> bytes:
    dictionary = _DICTIONARIES[_FIRST] + customer_id.encode()
    deflating = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=dictionary)
    return _FIRST + deflating.compress(text) + deflating.flush()
