"""Queued commands: one by id, waited for where it may be on its way, and its outcome, once."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta

import pytest

from read_model.changes import Changes
from read_model.commands import LONGEST_TAKE
from read_model.connection import Reader
from read_model.errors import CommandUnknown, StaleRead, Unavailable
from read_model.multiplexed import Command as ReadCommand
from read_model.multiplexed import Multiplexed, Replies
from read_model.schema.commands import CommandRow, RefusalRow
from read_model.settings import ReadSettings
from tests.read_model.decoded import command, command_settled
from tests.read_model.patience import PATIENCE, until
from tests.read_model.projected import Projected, at, make_id
from write_model.contracts.codec import encode_time
from write_model.contracts.streams import BEGINNING, Token, partition_of, projected_key

NOW = at(60)


def queued(slot: int = 5) -> CommandRow:
    return CommandRow(make_id("cmd", slot, 60), 1, "placeOrder", "QUEUED", "staff:sam", encode_time(NOW))


def rejected(row: CommandRow) -> CommandRow:
    refusals = (RefusalRow("INSUFFICIENT_STOCK", "None left.", ("input", "lines", "0", "quantity")),)
    return row._replace(version=2, status="REJECTED", settled_at=encode_time(NOW), refusals=refusals)


async def test_a_command_comes_back_as_it_was_written(reader: Reader, changes: Changes, projected: Projected) -> None:
    row = rejected(queued())
    await projected.command(row)
    assert await command(reader, changes, row.id, now=NOW, seconds=1) == row
    assert reader.round_trips == 1


async def test_one_that_was_taken_just_now_is_waited_for(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    row = queued()
    asking = asyncio.create_task(command(reader, changes, row.id, now=NOW, seconds=20))
    await until(lambda: reader.round_trips == 2)
    assert not asking.done()
    await projected.command(row)
    assert await asking == row


@pytest.mark.parametrize("id", [make_id("cmd", 5, 60), "cmd_" + "z" * 28])
async def test_one_that_is_not_there_is_none_as_soon_as_that_is_certain(
    reader: Reader, changes: Changes, projected: Projected, id: str
) -> None:
    asking = asyncio.create_task(command(reader, changes, id, now=NOW, seconds=20))
    reached = BEGINNING
    while reached.ms < at(61).timestamp() * 1000:
        assert not asking.done()
        reached = await projected.watermark(partition_of(id, 4))
    assert await asking is None


async def test_one_that_took_long_to_be_committed_is_waited_for_too(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    row = queued()._replace(id=make_id("cmd", 5, 0))
    partition = partition_of(row.id, 4)
    reached = BEGINNING
    while reached.ms < at(50).timestamp() * 1000:
        reached = await projected.watermark(partition)
    assert await changes.reached(Token.at(reached, (partition,)), 20)
    asking = asyncio.create_task(command(reader, changes, row.id, now=NOW, seconds=20))
    await until(lambda: asking.done() or reader.round_trips == 2)
    await projected.command(row)
    assert await asking == row


async def test_one_is_waited_for_by_a_process_that_has_just_begun_to_follow(
    reader: Reader, settings: ReadSettings, projected: Projected
) -> None:
    row, changes = queued(), Changes(settings)
    asking = asyncio.create_task(command(reader, changes, row.id, now=NOW, seconds=20))
    await until(lambda: reader.round_trips == 2)
    async with changes.following():
        await until(lambda: asking.done() or reader.round_trips == 3)
        await projected.command(row)
        assert await asking == row


class Slow(Reader):
    """What it has read arrives when it may."""

    def __init__(self, connection: Multiplexed, settings: ReadSettings) -> None:
        super().__init__(connection, settings)
        self.has_read, self.may_arrive = asyncio.Event(), asyncio.Event()

    async def fetch(self, groups: Mapping[int, Sequence[ReadCommand]]) -> dict[int, Replies]:
        replies = await super().fetch(groups)
        self.has_read.set()
        await self.may_arrive.wait()
        return replies


async def test_what_is_projected_while_a_miss_is_on_its_way_is_found(
    connection: Multiplexed, settings: ReadSettings, changes: Changes, projected: Projected
) -> None:
    row, slow = queued(), Slow(connection, settings)
    asking = asyncio.create_task(command(slow, changes, row.id, now=NOW, seconds=20))
    await slow.has_read.wait()
    await projected.command(row)
    partition = partition_of(row.id, 4)
    reached = BEGINNING
    while reached.ms < at(61).timestamp() * 1000:
        reached = await projected.watermark(partition)
    assert await changes.reached(Token.at(reached, (partition,)), 20)
    slow.may_arrive.set()
    assert await asking == row


async def test_nobody_waits_for_a_read_model_that_is_being_prepared(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    row = queued()
    asking = asyncio.create_task(command(reader, changes, row.id, now=NOW, seconds=20))
    await until(lambda: reader.round_trips == 2)
    await projected.redis.hdel(projected_key(partition_of(row.id, 4)), "complete")
    await projected.command(row)
    with pytest.raises(Unavailable):
        async with asyncio.timeout(PATIENCE):
            await asking


async def test_one_of_which_nothing_is_known_in_time_is_stale(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    with pytest.raises(StaleRead):
        await command(reader, changes, make_id("cmd", 5, 60), now=NOW, seconds=0.05)


@pytest.mark.parametrize("id", ["", "x", make_id("ord", 5), "cmd_" + "0" * 28])
async def test_what_cannot_be_there_is_none_at_once(
    reader: Reader, changes: Changes, projected: Projected, id: str
) -> None:
    assert await changes.reached(Token.at(await projected.watermark(0), [0]), 5)
    assert await command(reader, changes, id, now=NOW, seconds=0) is None


async def test_an_old_id_is_not_waited_for(reader: Reader, changes: Changes, projected: Projected) -> None:
    id = make_id("cmd", 1, -LONGEST_TAKE.total_seconds() - 60)
    await changes.reached(Token.at(await projected.watermark(1), [1]), 5)
    assert await command(reader, changes, id, now=NOW + timedelta(days=1), seconds=0) is None


class TestTheOutcome:
    async def test_comes_once_it_is_there_and_is_all(
        self, reader: Reader, changes: Changes, projected: Projected
    ) -> None:
        row = queued()
        await projected.command(row)
        outcomes = command_settled(reader, changes, row.id)
        async with aclosing(outcomes):
            first = asyncio.ensure_future(anext(outcomes))
            await until(lambda: reader.round_trips == 1)
            await projected.watermark(partition_of(row.id, 4))
            assert not first.done()
            await projected.command(rejected(row))
            assert await first == rejected(row)
            assert [outcome async for outcome in outcomes] == []

    async def test_comes_at_once_where_it_is_there(
        self, reader: Reader, changes: Changes, projected: Projected
    ) -> None:
        row = rejected(queued())
        await projected.command(row)
        assert [outcome async for outcome in command_settled(reader, changes, row.id)] == [row]

    async def test_comes_where_it_was_announced_while_the_row_was_on_its_way(
        self, connection: Multiplexed, settings: ReadSettings, changes: Changes, projected: Projected
    ) -> None:
        row, slow = queued(), Slow(connection, settings)
        await projected.command(row)
        async with aclosing(command_settled(slow, changes, row.id)) as outcomes:
            first = asyncio.ensure_future(anext(outcomes))
            await slow.has_read.wait()
            await projected.command(rejected(row))
            partition = partition_of(row.id, 4)
            assert await changes.reached(Token.at(await projected.watermark(partition), (partition,)), 20)
            slow.may_arrive.set()
            async with asyncio.timeout(PATIENCE):
                assert await first == rejected(row)

    async def test_of_nothing_is_a_fault(self, reader: Reader, changes: Changes, projected: Projected) -> None:
        with pytest.raises(CommandUnknown):
            await anext(command_settled(reader, changes, make_id("cmd", 5)))
