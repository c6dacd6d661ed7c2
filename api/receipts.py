"""What every command answers: a receipt or the reasons why it was refused, and how a mutation comes to it."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, Final

import strawberry
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from strawberry import UNSET
from strawberry.types.nodes import SelectedField, Selection

from api.context import Info
from api.errors import BadUserInput
from api.fields import field
from api.scalars import ConsistencyToken, DateTime, date_time
from api.user_errors import UserError, UserErrorCode
from write_model.contracts.ids import kind_of
from write_model.ports import Command, Receipt
from write_model.rejection import InvalidInput, Rejection

LONGEST_WAIT_MS: Final = 10_000


@strawberry.type(description="The proof that a command was committed: durable, whole, and never taken back.")
class CommandReceipt:
    command_id: strawberry.ID = strawberry.field(description="The command's own id: `cmd_…`.")
    id: strawberry.ID = strawberry.field(description="The aggregate that the command created or changed.")
    version: int = strawberry.field(description="The aggregate's version after the command.")
    consistency_token: ConsistencyToken = strawberry.field(
        description="Pass to a query's `consistentWith` to read your own write."
    )
    committed_at: DateTime = strawberry.field(
        description="When it was committed; a repetition answers the time of the first."
    )
    replayed: bool = strawberry.field(
        description="True when this answers a repeated `idempotencyKey` from the stored receipt."
    )

    @classmethod
    def of(cls, receipt: Receipt) -> "CommandReceipt":
        """The receipt as clients see it."""
        return cls(
            command_id=strawberry.ID(receipt.command_id),
            id=strawberry.ID(receipt.id),
            version=receipt.version,
            consistency_token=ConsistencyToken(receipt.token),
            committed_at=date_time(receipt.committed_at),
            replayed=receipt.replayed,
        )

    @field(
        "Selecting this field makes the mutation wait until the read model shows the command's effect:\n"
        "true once it does, false when `timeoutMs` (at most 10000) runs out first."
    )
    async def projected(
        self,
        info: Info,
        timeout_ms: Annotated[
            int, strawberry.argument(description="How long to wait, in milliseconds: 0 to 10000; 0 only looks.")
        ] = 2000,
    ) -> bool:
        return await info.context.reached(self.consistency_token, timeout_ms / 1000)


@strawberry.type(
    description="A command that was taken durably and will run soon: follow it with `command` or `commandSettled`."
)
class QueuedCommand:
    command_id: strawberry.ID = strawberry.field(
        description="The command's id: `cmd_…`, for `command` and `commandSettled`."
    )
    queued_at: DateTime = strawberry.field(description="When it was taken; from then on it cannot be lost.")

    @classmethod
    def of(cls, receipt: Receipt) -> "QueuedCommand":
        """The receipt of a command's queueing as clients see it."""
        return cls(command_id=strawberry.ID(receipt.id), queued_at=date_time(receipt.committed_at))


@strawberry.type(
    description=(
        "What every command answers: a receipt when it was committed, or the reasons why it was rejected.\n"
        "Never data: read the outcome with a query."
    )
)
class CommandResult:
    receipt: CommandReceipt | None = strawberry.field(
        default=None, description="Set when the command was committed; null when it was rejected or queued."
    )
    queued: QueuedCommand | None = strawberry.field(
        default=None,
        description="Set instead of a receipt when the request asked for `Prefer: respond-async`.",
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Why the command was rejected, all faults of its input at once; empty when it was not.",
    )


async def answer(
    info: Info, command_type: type[Command], input: object, idempotency_key: strawberry.ID | None
) -> CommandResult:
    """Build the command from the mutation's input, send it or queue it, and say what became of it."""
    # Before the commit, so that a client never loses the receipt of a command to a fault in how it asked for it.
    waits = _waits(info.selected_fields) if info.waits is None else info.waits
    if not all(wait is not None and 0 <= int(wait) <= LONGEST_WAIT_MS for wait in waits):
        raise BadUserInput(f"`timeoutMs` is 0 to {LONGEST_WAIT_MS}.")
    try:
        command = command_type.model_validate(plain(input))
    except ValidationError as error:
        return CommandResult(user_errors=[user_error(InvalidInput.of(details)) for details in error.errors()])
    try:
        receipt = await info.context.dispatch(command, None if idempotency_key is UNSET else idempotency_key)
    except Rejection as error:
        return CommandResult(user_errors=[user_error(error)])
    if kind_of(receipt.id) == "cmd":
        return CommandResult(queued=QueuedCommand.of(receipt))
    return CommandResult(receipt=CommandReceipt.of(receipt))


def _waits(selections: Iterable[Selection]) -> Iterator[Any]:
    """What selections of `projected` ask to wait for.

    A literal comes as its text; the type of either has been validated. A variable may still be null.
    """
    for selection in selections:
        skip, include = (selection.directives.get(name, {}).get("if") for name in ("skip", "include"))
        if skip is True or include is False:
            continue
        if isinstance(selection, SelectedField) and selection.name == "projected":
            yield selection.arguments.get("timeoutMs", 0)
        yield from _waits(selection.selections)


def plain(value: object) -> Any:
    """An input as its command expects it: camel case, and nothing where the client said nothing."""
    if isinstance(value, dict):  # that is what a plan gives
        return {name: plain(given) for name, given in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if not is_dataclass(value):
        return value
    return {
        to_camel(field.name): plain(given)
        for field in fields(value)
        if (given := getattr(value, field.name)) is not UNSET
    }


def user_error(refusal: Rejection) -> UserError:
    """A refusal, as clients see it."""
    field = list(refusal.field) if refusal.field else None
    return UserError(code=UserErrorCode(refusal.code), message=str(refusal), field=field)
