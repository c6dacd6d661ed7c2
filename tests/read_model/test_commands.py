"""Queued commands: one by id, waited for where it may be on its way, and its outcome, once."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest

from read_model.changes import Changes
from read_model.commands import LONGEST_TAKE, command, command_settled
from read_model.connection import Reader
from read_model.errors import CommandUnknown, StaleRead
from read_model.schema.commands import CommandRow, RefusalRow
from tests.read_model.patience import until
from tests.read_model.projected import START, Projected, at, make_id
from write_model.contracts.codec import encode_time
from write_model.contracts.streams import BEGINNING, Token, partition_of

NOW = at(60)


def queued(slot: int = 5) -> CommandRow:
    return CommandRow(make_id("cmd", slot, 60), 1, "placeOrder", "QUEUED", "staff:sam", encode_time(NOW))


def rejected(row: CommandRow) -> CommandRow:
    refusals = (RefusalRow("INSUFFICIENT_STOCK", "None left.", ("input", "lines", "0", "quantity")),)
    return replace(row, version=2, status="REJECTED", settled_at=encode_time(NOW), refusals=refusals)


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


async def test_one_that_is_not_there_is_none_as_soon_as_that_is_certain(
    reader: Reader, changes: Changes, projected: Projected
) -> None:
    id = make_id("cmd", 5, 60)
    asking = asyncio.create_task(command(reader, changes, id, now=NOW, seconds=20))
    reached = BEGINNING
    while reached.ms < at(61).timestamp() * 1000:
        assert not asking.done()
        reached = await projected.watermark(partition_of(id, 4))
    assert await asking is None


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
    id = make_id("cmd", 1, -60)
    assert at(60) > START + LONGEST_TAKE
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

    async def test_of_nothing_is_a_fault(self, reader: Reader, changes: Changes, projected: Projected) -> None:
        with pytest.raises(CommandUnknown):
            await anext(command_settled(reader, changes, make_id("cmd", 5)))
