"""Queries for queued commands."""

import strawberry

from api.arguments import CommandId
from api.commands.types import Command
from api.context import Info
from api.errors import check_id
from api.fields import field
from read_model.commands import command
from read_model.rows import Row
from read_model.schema.commands import CommandRow


async def find_command(info: Info, id: str) -> Row | None:
    """The command, where the caller queued one of that id."""
    check_id(id, "cmd")
    services = info.context.services
    read, patience = services.read, services.settings.stale_read_timeout_ms / 1000
    row = await command(read.reader, read.changes, id, now=services.clock(), seconds=patience)
    return row if row and CommandRow.decode(row.texts).sender == str(info.context.actor) else None


@strawberry.type
class CommandQueries:
    @field("A queued command that the caller sent.", shows=Command | None)
    async def command(self, info: Info, id: CommandId) -> Row | None:
        return await find_command(info, id)
