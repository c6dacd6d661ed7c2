"""Every command comes out of the queue as it went in: equal, and the same under its idempotency key."""

import asyncio
from dataclasses import replace
from typing import Any

import bson
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.write_model.examples import ADA, ORDER, TEA
from tests.write_model.specification import NOW, STAFF, TERMS, predictable
from write_model.commands import COMMANDS
from write_model.contracts.commands import CommandQueued
from write_model.dispatch import Dispatcher
from write_model.mongo.loader import Loader
from write_model.mongo.unit_of_work import Work
from write_model.ports import Aggregate, Command, Receipt, State, Submission
from write_model.queue.document import QUEUED_COMMANDS, TURN

odd = st.sampled_from(' \u00a0\u200b\u2028\u0085\ufeff\u0344\ufb1d\u212b\U0001d15e\U0001f600$."\\\n\t')
texts = st.text(st.characters() | odd, max_size=30) | st.sampled_from(["", "x" * 100, "\U0001f600" * 200, "x" * 5_000])
locals_ = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
amounts = st.one_of(
    st.sampled_from(["0", "-0", "0E-7", "1E+6", "1000000", "1e-2", "19.90", "00.10", " 1 ", "1_000"]),
    st.decimals(0, 10**6, places=2).map(str),
)
quantities = st.sampled_from([1, 10_000])
lines = st.lists(st.fixed_dictionaries({"productId": st.just(TEA), "quantity": quantities}), max_size=100)
address = {"countryCode": st.just("GB")} | dict.fromkeys(("recipient", "street", "city", "postalCode"), texts)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "customerId": st.just(ADA),
    "productId": st.just(TEA),
    "orderId": st.just(ORDER),
    "expectedVersion": st.sampled_from([0, 1, 2**31 - 1]),
    "email": st.emails() | st.builds("{}@example.com".format, locals_) | st.builds(" a@{}.Org ".format, locals_),
    "price": st.fixed_dictionaries({"amount": amounts, "currencyCode": st.sampled_from(["EUR", "JPY", "KWD"])}),
    "initialStock": st.sampled_from([0, 1_000_000]),
    "quantity": quantities,
    "lines": lines,
    "shippingAddress": st.fixed_dictionaries(address),
    "reason": st.sampled_from(["OTHER", "FRAUD"]),
} | dict.fromkeys(("name", "description", "category", "sku", "carrier", "trackingNumber"), texts)


def inputs(command: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    """What clients may send for it, right or wrong; what may be left out is left out now and then, or null."""
    needed = {f.alias: FIELDS[f.alias] for f in command.model_fields.values() if f.alias and f.is_required()}
    rest = {f.alias: st.none() | FIELDS[f.alias] for f in command.model_fields.values() if f.alias}
    return st.fixed_dictionaries(needed, optional={name: rest[name] for name in rest.keys() - needed.keys()})


class Taker:
    """A commit that decides what it is given, and keeps it: nothing else is there."""

    def __init__(self) -> None:
        self.taken: list[Submission] = []
        self.events: list[Any] = []

    async def submit(self, submission: Submission) -> Receipt:
        async def nothing(_: Aggregate[Any], __: set[str]) -> dict[str, State]:
            return {}

        work = Work(submission, Loader(nothing), terms=TERMS, entropy=predictable())
        self.taken.append(submission)
        if submission.on_refusal is None:
            id = await submission.handler(submission.command, work)
            self.events += [event for _, _, event in work.events]
        else:
            id = submission.command_id
        return Receipt(submission.command_id, id, 1, "", submission.at, replayed=False)


async def there_and_back(command: Command) -> tuple[Submission, Submission]:
    """As it was taken, and as it is run."""
    taker = Taker()
    dispatcher = Dispatcher(taker, clock=lambda: NOW, entropy=predictable())
    receipt = await dispatcher.queue(command, STAFF, idempotency_key="k", trace="t")
    journaled = CommandQueued.model_validate_json(taker.events[0].model_dump_json())
    assert journaled == taker.events[0]
    taken = QUEUED_COMMANDS.evolve(receipt.id, None, journaled)
    stored = bson.decode(bson.encode(QUEUED_COMMANDS.to_document(taken)))
    del stored[TURN]
    await dispatcher.run(QUEUED_COMMANDS.from_document(stored))
    first, second = taker.taken
    return first, second


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(list(COMMANDS)).flatmap(lambda command: st.tuples(st.just(command), inputs(command))))
def test_a_command_comes_out_as_it_went_in(sent: tuple[type[Command], dict[str, Any]]) -> None:
    command_type, input = sent
    try:
        command = command_type.model_validate(input)
    except ValidationError:
        return  # refused before it is taken
    taken, run = asyncio.run(there_and_back(command))
    assert run.command == command
    assert run.command.model_fields_set == command.model_fields_set
    assert replace(run, command=command, handler=taken.handler, on_refusal=None) == taken
