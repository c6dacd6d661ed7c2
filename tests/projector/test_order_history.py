"""What order events make of the order's history."""

import pytest
from pydantic_core import from_json
from redis.asyncio import Redis

from projector import store
from read_model.schema.history import Remembered, decode
from tests.projector.consumers import a_consumer
from tests.projector.contents import list_at
from tests.projector.events import CUSTOMER, ORDER, entry, envelope, history, position, publish
from tests.projector.story import KEYS, Story, given
from tests.projector.test_orders import ADA, CANCELLED, CONFIRMED, DELIVERED, PLACED, SHIPPED
from write_model.contracts.envelope import Envelope, Tombstone
from write_model.contracts.event import Event


def remembered(story: Story) -> list[Remembered]:
    return [decode(element, CUSTOMER) for element in story.lists[KEYS.order_history(ORDER)]]


def published(envelope: Envelope[Event], number: int) -> Remembered:
    """The event as its stream has it, at the n-th position."""
    its = entry(envelope)
    return Remembered(
        envelope.version,
        position(number),
        its["type"],
        int(its["schema"]),
        its["at"],
        its["command"],
        its["actor"],
        its["trace"] or None,
        from_json(its["data"]),
    )


def test_every_event_is_remembered_as_it_was_published() -> None:
    life = history(ORDER, PLACED, CONFIRMED, SHIPPED, DELIVERED)
    for at_once in (1, 4):
        story = given(ADA)
        for first in range(0, 4, at_once):
            story.step(life[first : first + at_once])
        assert remembered(story) == [published(event, number) for number, event in enumerate(life, 2)]


def test_a_duplicate_is_remembered_once() -> None:
    first = envelope(ORDER, 1, PLACED)
    story = given(ADA, first).step([first])
    assert [event.version for event in remembered(story)] == [1]


def test_what_cannot_be_projected_is_not_remembered() -> None:
    story = given(ADA, envelope(ORDER, 1, PLACED)).step([envelope(ORDER, 3, CONFIRMED)])
    assert [parked.aggregate_id for parked in story.parked] == [ORDER]
    assert [event.version for event in remembered(story)] == [1]


def test_an_event_that_was_given_up_has_its_place() -> None:
    story = given(ADA, envelope(ORDER, 1, PLACED)).step([Tombstone(ORDER, 2)]).step([envelope(ORDER, 3, CANCELLED)])
    versions = [(event.version, event.is_given_up) for event in remembered(story)]
    assert versions == [(1, False), (2, True), (3, False)]
    assert remembered(story)[1].position == position(3)


def test_other_aggregates_have_none() -> None:
    assert dict(given(ADA).lists) == {}


def test_the_history_of_an_order_is_short() -> None:
    story = given(ADA).step(history(ORDER, PLACED, CONFIRMED, SHIPPED, DELIVERED))
    elements = story.lists[KEYS.order_history(ORDER)]
    assert sum(map(len, elements)) < sum(len(entry(event)["data"]) for event in history(ORDER, PLACED)) < 600
    assert max(map(len, elements[1:])) < 90


def test_what_a_newer_program_has_written_is_not_guessed_at() -> None:
    story = given(ADA, envelope(ORDER, 1, PLACED))
    [element] = story.lists[KEYS.order_history(ORDER)]
    with pytest.raises(ValueError, match="newer program"):
        decode(b"\2" + element[1:], CUSTOMER)


async def test_the_latest_events_are_kept(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "KEPT", 2)
    consumer, key = a_consumer(redis), KEYS.order_history(ORDER)
    life = history(ORDER, PLACED, CONFIRMED, SHIPPED, DELIVERED)
    await publish(redis, [ADA, life[0]])
    await consumer.step()
    assert await redis.llen(key) == 1
    await publish(redis, life[1:], first=3)
    await consumer.step()
    assert [decode(element, CUSTOMER).version for element in await list_at(redis, key)] == [3, 4]
