"""Events as they stand in the journal: one, or all of an aggregate."""

from stack.events.report import show_whole
from stack.ids import must_be_an_id
from stack.journal import open_journal
from stack.operator_error import OperatorError
from stack.verify.history import history
from write_model.mongo import discarded
from write_model.mongo.database import JOURNAL


async def show(id: str, *, as_json: bool) -> None:
    """Show an event by its id, or all of an aggregate's; OperatorError where there is none."""
    aggregate_id, _, version = id.partition("@")
    must_be_an_id(aggregate_id, "ID|AGGREGATE")
    async with open_journal() as (_, database):
        found = database[JOURNAL].find({"_id": id}) if version else history(database, aggregate_id)
        count = 0
        async for document in found:
            count += 1
            show_whole(document, await discarded.find(database, document["_id"]), as_json=as_json)
        if count == 0:
            versions = [document["version"] async for document in history(database, aggregate_id)]
            has = f"the last one of {aggregate_id} is @{versions[-1]}" if versions else f"it has none of {aggregate_id}"
            raise OperatorError(f"the journal has no such event, {has}")
