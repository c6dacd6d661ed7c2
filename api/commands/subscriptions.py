"""The outcome of a queued command."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from api.arguments import CommandId
from api.commands.queries import find_command
from api.commands.types import Command
from api.context import Info
from api.fields import subscription
from read_model.commands import command_settled
from read_model.errors import CommandUnknown
from read_model.rows import Row


@strawberry.type
class CommandSubscriptions:
    # A coroutine that gives the generator, so that what is wrong with the request is said before anything streams.
    @subscription("The queued command's outcome, once; at once if it has already settled.", shows=Command)
    async def command_settled(self, info: Info, id: CommandId) -> AsyncGenerator[Row, None]:
        if await find_command(info, id) is None:
            raise CommandUnknown(id=id)
        return _outcome(info, id)


async def _outcome(info: Info, id: str) -> AsyncGenerator[Row, None]:
    read = info.context.services.read
    async with aclosing(command_settled(read.reader, read.changes, id)) as outcomes:
        async for row in outcomes:
            yield row
