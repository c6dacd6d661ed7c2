"""What can have happened to a command that was queued: it was taken, and then committed or rejected."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from write_model.contracts.event import Event


class Sender(BaseModel):
    """In whose name the command runs; `customer_id` where that is a customer."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    role: Literal["staff", "customer", "system"]
    subject: str
    customer_id: str | None = None


class Refusal(BaseModel):
    """Why the rules did not allow it: a UserErrorCode of the GraphQL contract, and the path into the arguments."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    code: str
    message: str
    field: tuple[str, ...] | None = None


class CommandQueued(Event):
    """A structurally valid command was taken; it will run. `name` and `input` are the mutation's, camelCase."""

    name: str
    input: dict[str, Any]
    sender: Sender
    idempotency_key: str | None = None
    trace: str | None = None


class CommandCommitted(Event):
    """It took effect, in the very transaction of this event: `result_id` is what it created or changed."""

    result_id: str
    result_version: int


class CommandRejected(Event):
    """It was refused, and nothing of it took effect."""

    refusals: tuple[Refusal, ...]


CommandEvent = CommandQueued | CommandCommitted | CommandRejected
