"""The system itself, followed live by staff."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Annotated

import strawberry
from strawberry import UNSET

from api.context import Info
from api.errors import BadUserInput
from api.fields import subscription
from api.operations.events import PassingEvents
from api.operations.types import Operations
from read_model.operations import FRESH_SECONDS
from read_model.passing import Passed
from write_model.contracts.ids import kind_of


@strawberry.type
class OperationsSubscriptions:
    # Coroutines that give generators, so that what is wrong with the request is said before anything streams.
    @subscription("Staff only. How the system is doing, now and every second.")
    async def operations_changed(self, info: Info) -> AsyncGenerator[Operations, None]:
        return _pulse(info)

    @subscription(
        "Staff only. Events as they become visible, a few times a second. The first message is empty: from then on\n"
        "none is missed without a word."
    )
    async def events_passing(
        self,
        info: Info,
        type: Annotated[
            str | None, strawberry.argument(description='Only those of this type, e.g. "OrderPlaced".')
        ] = UNSET,
        aggregate_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Only those of this customer, product, order or queued command."),
        ] = UNSET,
    ) -> AsyncGenerator[PassingEvents, None]:
        if aggregate_id and kind_of(aggregate_id) is None:
            raise BadUserInput("`aggregateId` is not the id of a customer, a product, an order or a command.")

        def wanted(event: Passed) -> bool:
            return (not type or event.entry.get("type") == type) and (
                not aggregate_id or event.entry.get("aggregate") == aggregate_id
            )

        return _passing(info, wanted)


async def _pulse(info: Info) -> AsyncGenerator[Operations, None]:
    read = info.context.services.read
    with read.changes.subscriber():
        while True:
            yield Operations.of(await read.pulse.now())
            await asyncio.sleep(FRESH_SECONDS)


async def _passing(info: Info, wanted: Callable[[Passed], bool]) -> AsyncGenerator[PassingEvents, None]:
    async with info.context.services.read.passing.watch(wanted) as watcher:
        yield PassingEvents(events=[], has_gaps=False)
        async for seen in watcher:
            yield PassingEvents.of(seen)
