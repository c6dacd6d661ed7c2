"""Requests about the read model, which projectors take up, and the record of what is given up, beside the journal."""

from collections.abc import Awaitable
from typing import Final

import strawberry
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from strawberry import UNSET

from api.arguments import Input
from api.context import Info
from api.fields import mutation
from api.operations.parked import ParkingReceipt, ParkingResult
from api.receipts import plain, user_error
from api.user_errors import UserError, UserErrorCode
from read_model.errors import Unavailable
from read_model.operations import Partition, operations
from read_model.parked import find_parked
from read_model.parking import Asked, Parking, ProjectedMeanwhile, Unanswered
from read_model.requests import Requests
from read_model.schema.generations import NotComplete
from read_model.schema.requests import Answer
from write_model.rejection import InvalidInput

PATIENCE_SECONDS: Final = 5.0
"""With projectors that say nothing."""


class NotNow(Unavailable):
    """Partition {partition} is being {doing}, try again when that is done."""


@strawberry.input(description="Which events are projected again.")
class RetryParkedInput:
    id: strawberry.ID = strawberry.field(description="A parked event, or the aggregate that it is of.")


@strawberry.input(description="Which event is given up.")
class DiscardParkedInput:
    id: strawberry.ID = strawberry.field(description="The parked event: its id or position, not its aggregate's id.")
    why: str = strawberry.field(default="", description="Kept with the record; at most 500 characters.")


@strawberry.input(description="What is made anew, and how fast.")
class RebuildInput:
    partitions: list[int] | None = strawberry.field(
        default=UNSET, description="Only these; all where it is left out or null."
    )
    events_per_second: float | None = strawberry.field(
        default=UNSET, description="Replay at most so many, 1 or more; as fast as can be where it is left out or null."
    )


@strawberry.type(description="A generation that was asked for.")
class RebuildReceipt:
    partition: int = strawberry.field(description="The partition whose read model is made anew.")
    generation: int = strawberry.field(
        description="The generation's number: it is made while `rebuild` of the partition has it, and done when it is\n"
        "the partition's `generation`."
    )
    is_new: bool = strawberry.field(description="False where it was being made already.")


@strawberry.type(description="What `rebuild` answers: a receipt for each partition, or why nothing was asked for.")
class RebuildResult:
    receipts: list[RebuildReceipt] = strawberry.field(
        default_factory=list, description="What was asked for; empty when it was refused."
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it was refused; empty when it was not."
    )


class _Wanted(BaseModel):
    """What an input says, whoever has read it: the executor or a plan."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)


class _Retry(_Wanted):
    id: str


class _Discard(_Wanted):
    id: str
    why: str = Field("", max_length=500)


class _Rebuild(_Wanted):
    partitions: list[int] | None = None
    events_per_second: float | None = Field(None, ge=1)


@strawberry.type
class OperationsMutations:
    @mutation(
        "Staff only. Projects an aggregate's parked events again, in order, until one fails or none is left.\n"
        "Repeating it does no harm."
    )
    async def retry_parked(self, info: Info, input: Input[RetryParkedInput]) -> ParkingResult:
        read, wanted = info.context.services.read, _Retry.model_validate(plain(input))
        event = await find_parked(read.reader, wanted.id)
        if event is None:
            return _not_parked(wanted.id)
        parking = Parking(read.requests)
        return await _answered(parking.answer(await parking.retry(event), PATIENCE_SECONDS))

    @mutation(
        "Staff only. Gives a parked event up for ever: it is recorded beside the journal, which keeps the event, and\n"
        "neither a retry nor a rebuild will show what it did. Later events are projected without it."
    )
    async def discard_parked(self, info: Info, input: Input[DiscardParkedInput]) -> ParkingResult:
        services = info.context.services
        assert services.write, "there are no mutations without a command side (api.schema)"
        try:
            wanted = _Discard.model_validate(plain(input))
        except ValidationError as error:
            return ParkingResult(user_errors=[user_error(InvalidInput.of(details)) for details in error.errors()])
        event = await find_parked(services.read.reader, wanted.id)
        if event is None or wanted.id == event.aggregate_id:
            return _not_parked(wanted.id)
        parking, by = Parking(services.read.requests), str(info.context.actor)
        try:
            return await _answered(
                parking.discard(event, services.write.discards, by=by, why=wanted.why, patience=PATIENCE_SECONDS)
            )
        except ProjectedMeanwhile:
            return _not_parked(wanted.id)

    @mutation(
        "Staff only. Makes the read model anew from the journal, beside the one that serves, and lets it serve when\n"
        "it is complete: `operations` shows how far it is. What is being made already goes on."
    )
    async def rebuild(self, info: Info, input: Input[RebuildInput]) -> RebuildResult:
        read = info.context.services.read
        try:
            wanted = _Rebuild.model_validate(plain(input))
        except ValidationError as error:
            return RebuildResult(user_errors=[user_error(InvalidInput.of(details)) for details in error.errors()])
        there_are = range(read.reader.partitions)
        numbers = sorted(set(there_are if wanted.partitions is None else wanted.partitions))
        if strangers := [number for number in numbers if number not in there_are]:
            message = f"There is no partition {strangers[0]}: they are 0 to {there_are[-1]}."
            code, field = UserErrorCode.INVALID_INPUT, ["input", "partitions"]
            return RebuildResult(user_errors=[UserError(code=code, message=message, field=field)])
        # All of them are looked at before one of them is asked for.
        for partition in (await operations(read.reader)).partitions:
            if partition.number in numbers:
                _check_free(partition)
        return RebuildResult(
            receipts=[await _ask(read.requests, number, wanted.events_per_second) for number in numbers]
        )


async def _answered(answer: Awaitable[tuple[Asked, Answer]]) -> ParkingResult:
    try:
        asked, its = await answer
    except Unanswered as unanswered:
        asked, its = unanswered.asked, Answer(None, 0)
    return ParkingResult(receipt=ParkingReceipt.of(asked.id, its))


def _check_free(partition: Partition) -> None:
    if not partition.is_complete:
        raise NotNow(partition=partition.number, doing="prepared from the journal anyway")
    if partition.making and partition.making.purpose != "rebuild" and not partition.making.expired:
        raise NotNow(partition=partition.number, doing="verified")


async def _ask(requests: Requests, partition: int, rate: float | None) -> RebuildReceipt:
    try:
        asked = await requests.rebuild(partition, rate)
    except NotComplete:
        raise NotNow(partition=partition, doing="prepared from the journal anyway") from None
    if asked.purpose != "rebuild":
        raise NotNow(partition=partition, doing="verified")
    return RebuildReceipt(partition=partition, generation=asked.generation, is_new=asked.is_new)


def _not_parked(id: str) -> ParkingResult:
    message = f"{id} is no event that is parked, or not any more."
    return ParkingResult(user_errors=[UserError(code=UserErrorCode.NOT_FOUND, message=message, field=["input", "id"])])
