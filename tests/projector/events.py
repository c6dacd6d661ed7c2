"""Events for the tests, in envelopes, and the stream that they come in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from write_model.contracts import codec
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.event import Event
from write_model.contracts.ids import Kind, new_id
from write_model.contracts.orders import Line, OrderPlaced, ShippingAddress
from write_model.contracts.products import ProductAdded
from write_model.contracts.streams import Position, events_key

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ADDRESS = ShippingAddress(
    recipient="Ada", street="Main Street 1", city="Berlin", postal_code="10115", country_code="DE"
)
PARTITION = 0


def an_id(kind: Kind, number: int) -> str:
    """The n-th id of its kind, in the order of creation; all in slot 0."""
    return new_id(kind, 0, START + timedelta(seconds=number), bytes)


CUSTOMER = an_id("cus", 1)
ORDER = an_id("ord", 1)
PRODUCT = an_id("prd", 1)


def at(version: int) -> str:
    """When the event of that version happened, as rows say it."""
    return f"2026-11-20T09:{30 + version}:00.000Z"


def envelope(aggregate_id: str, version: int, event: Event) -> Envelope[Event]:
    """The event as the aggregate's version, a minute after the one before."""
    return Envelope(
        aggregate_id=aggregate_id,
        version=version,
        ordinal=0,
        occurred_at=START + timedelta(minutes=version % 29),
        command_id="cmd_1",
        actor="staff:ada",
        trace=None,
        event=event,
    )


def history(aggregate_id: str, *events: Event) -> list[Envelope[Event]]:
    """The aggregate's events from its first on."""
    return [envelope(aggregate_id, version, event) for version, event in enumerate(events, 1)]


def placed(*, total: int = 1990, quantity: int = 1, customer_id: str = CUSTOMER, currency: str = "EUR") -> OrderPlaced:
    """An order of one line."""
    line = Line(product_id=PRODUCT, sku="TEA-1", name="Tea", quantity=quantity, unit_price=total // quantity)
    return OrderPlaced(customer_id=customer_id, lines=(line,), total=total, currency=currency, shipping_address=ADDRESS)


def added(name: str = "Crème brûlée", stock: int = 5) -> ProductAdded:
    """A product."""
    return ProductAdded(
        sku="CB-1", name=name, description="Sweet", category="Food", price=450, currency="EUR", stock=stock
    )


def position(number: int) -> Position:
    """The position of the n-th entry: ten commits a second."""
    return Position.of_commit(1_700_000_000 + number // 10, 1 + number % 10)


def entry(envelope: Envelope[Event] | Tombstone) -> dict[str, str]:
    """The stream entry as a consumer reads it."""
    if isinstance(envelope, Tombstone):
        return codec.encode_tombstone(envelope, "OrderHeld")
    return {name: text if isinstance(text, str) else text.decode() for name, text in codec.encode(envelope).items()}


def watermark() -> dict[str, str]:
    """The entry of a watermark."""
    return {codec.WATERMARK: "1"}


async def publish(
    redis: Redis,
    entries: Sequence[Envelope[Event] | Tombstone | dict[str, str]],
    *,
    first: int = 1,
    partition: int = PARTITION,
) -> Position:
    """Add the entries to the stream at consecutive positions; answers the last."""
    pipe = redis.pipeline(transaction=False)
    for number, given in enumerate(entries, first):
        fields = entry(given) if isinstance(given, Envelope | Tombstone) else given
        pipe.xadd(events_key(partition), dict(fields.items()), id=str(position(number)))
    await pipe.execute()
    return position(first + len(entries) - 1)
