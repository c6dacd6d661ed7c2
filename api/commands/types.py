"""Queued commands as clients see them."""

from enum import Enum

import strawberry

from api.compiled.sources import shows, shows_part
from api.fields import enum_value
from api.scalars import DateTime
from api.user_errors import UserError
from read_model.schema.commands import CommandRow, RefusalRow

shows_part(RefusalRow)(UserError)  # which mutations answer as well


@strawberry.enum(description="How far a queued command has come.")
class CommandStatus(Enum):
    QUEUED = enum_value("QUEUED", "It waits for its turn.")
    COMMITTED = enum_value("COMMITTED", "It took effect.")
    REJECTED = enum_value("REJECTED", "It was refused, and nothing of it took effect.")


@shows(CommandRow, aggregate_id="result_id", version="result_version", user_errors="refusals")
@strawberry.type(description="A command that was sent with `Prefer: respond-async`, and what became of it.")
class Command:
    id: strawberry.ID = strawberry.field(description="The `commandId` of `queued`.")
    name: str = strawberry.field(description='The mutation\'s name, e.g. "placeOrder".')
    status: CommandStatus = strawberry.field(description="Whether it still waits, and how it ended.")
    queued_at: DateTime = strawberry.field(description="When it was taken.")
    settled_at: DateTime | None = strawberry.field(description="When it was committed or rejected; null before.")
    aggregate_id: strawberry.ID | None = strawberry.field(
        description="What the command created or changed, once committed."
    )
    version: int | None = strawberry.field(description="The version of that after the command, once committed.")
    user_errors: list[UserError] = strawberry.field(description="Why it was rejected; empty otherwise.")
