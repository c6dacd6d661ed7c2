"""The checker: what was promised, held against what the clients were told and what is left. Every check is pure.

Each answers the violations that it finds, as sentences with the facts; none: the promise was kept.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from tests.faults.evidence import POISON, STATUS_OF, Entry, Evidence
from tests.faults.history import Intent
from write_model.commands import AGGREGATES
from write_model.contracts.streams import partition_of
from write_model.mongo.journal import from_document
from write_model.queue.document import TURN

_AGGREGATES = {str(aggregate.kind): aggregate for aggregate in AGGREGATES}
MAY_SAY_NOTHING: Final = {
    "changeProductPrice", "updateCustomerProfile", "changeOrderItemQuantity", "removeOrderItem", "cancelOrder",
}  # fmt: skip
Seen = Sequence[tuple[str, int, str]]


def versions_have_no_gap(evidence: Evidence) -> Iterator[str]:
    """The versions of every aggregate are 1, 2, 3 ..."""
    for id, events in evidence.journal.items():
        versions = [event["version"] for event in events]
        if versions != list(range(1, len(events) + 1)):
            yield f"{id} has the versions {versions}"


def what_is_stored_is_the_fold(evidence: Evidence) -> Iterator[str]:
    """Every aggregate is what its events make of it."""
    for id in evidence.journal.keys() | evidence.stored.keys():
        aggregate, state = _AGGREGATES[id[:3]], None
        for document in evidence.journal.get(id, ()):
            state = aggregate.evolve(id, state, from_document(document).event)
        stored = dict(evidence.stored.get(id, {}))
        folded = aggregate.to_document(state) if state else {}
        for turn in (stored, folded):
            turn.pop(TURN, None)
        if stored != folded:
            yield f"{id} is stored as {stored}, its journal says {folded}"


def every_receipt_is_kept(intents: Sequence[Intent], evidence: Evidence) -> Iterator[str]:
    """What a receipt names is in the journal, done by that very command; all receipts of a key say the same."""
    by_command = Counter(event["command_id"] for events in evidence.journal.values() for event in events)
    for intent in intents:
        if len({(r["commandId"], r["id"], r["version"]) for r in intent.receipts}) > 1:
            yield f"one key, several receipts: {intent}"
        for receipt in intent.receipts[-1:]:
            events = evidence.journal.get(receipt["id"], [])
            if len(events) < receipt["version"]:
                yield f"{receipt['id']} has no version {receipt['version']} in the journal: {intent}"
            elif by_command[receipt["commandId"]]:
                by = events[receipt["version"] - 1]["command_id"]
                if by != receipt["commandId"]:
                    yield f"{receipt['id']} came to version {receipt['version']} by {by}: {intent}"
            elif intent.name not in MAY_SAY_NOTHING:
                yield f"accepted, and nothing happened: {intent}"


def no_command_is_applied_twice(intents: Sequence[Intent], evidence: Evidence) -> Iterator[str]:
    """A key has one effect; none where every answer was a refusal; and every effect is of a command that was sent."""
    effects: dict[str, set[str]] = defaultdict(set)
    for id, events in evidence.journal.items():
        for event in events:
            if not id.startswith("cmd") and event["trace"]:
                effects[event["trace"][3:35]].add(event["command_id"])
    sent: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        # A request of several commands has the trace of its first.
        sent[intent.trace].append(intent)
    committed = Counter(_keys_committed(evidence))
    queued_effects = {events[0]["command_id"] for _, events in evidence.of_kind("cmd")}
    for trace, commands in effects.items():
        direct = commands - queued_effects
        if trace not in sent:
            yield f"nobody has sent {commands} (trace {trace})"
        elif len(direct) > 1:
            yield f"applied {len(direct)} times, as {sorted(direct)}: {sent[trace][0]}"
        elif direct and (refused := [i for i in sent[trace] if i.refusal and not i.receipts and not i.in_doubt]):
            yield f"refused, and applied as {direct}: {refused[0]}"
    yield from (f"queued command of key {key} was committed {n} times" for key, n in committed.items() if n > 1)


def no_product_is_oversold(evidence: Evidence) -> Iterator[str]:
    """Stock is what was added less what was sold, at no moment below zero; and each order has what it reserved."""
    held: Counter[tuple[str, str]] = Counter()
    for id, events in evidence.of_kind("prd"):
        stock = 0
        for event in events:
            data = event["data"]
            match event["type"]:
                case "ProductAdded":
                    stock += data["stock"]
                case "ProductRestocked":
                    stock += data["quantity"]
                case "StockReserved":
                    stock -= data["quantity"]
                    held[data["order_id"], id] += data["quantity"]
                case "StockReleased":
                    stock += data["quantity"]
                    held[data["order_id"], id] -= data["quantity"]
            if stock < 0:
                yield f"{id} has {stock} units at version {event['version']}"
        if evidence.stored.get(id, {}).get("stock") != stock:
            yield f"{id} is stored with another stock than {stock}"
    wanted: Counter[tuple[str, str]] = Counter()
    for id, events in evidence.of_kind("ord"):
        placed = next((e["data"]["lines"] for e in events if e["type"] == "OrderPlaced"), ())
        if not any(event["type"] == "OrderCancelled" for event in events):
            for line in placed:
                wanted[id, line["product_id"]] += line["quantity"]
    for place in held.keys() | wanted.keys():
        if held[place] != wanted[place]:
            yield f"order {place[0]} holds {held[place]} units of {place[1]}, and has ordered {wanted[place]}"


def the_queue_is_worked_off_in_order(intents: Sequence[Intent], evidence: Evidence) -> Iterator[str]:
    """Each queued command has one outcome, and of one sender they took effect in the order of the requests."""
    for id, events in evidence.of_kind("cmd"):
        types = [event["type"] for event in events]
        if types not in (["CommandQueued", "CommandCommitted"], ["CommandQueued", "CommandRejected"]):
            yield f"queued command {id} has the history {types}"
    wanted: dict[str, list[int]] = defaultdict(list)
    for intent in intents:
        if intent.queued and intent.command_id and (price := intent.input.get("price")):
            if intent.command_id not in evidence.journal:
                yield f"taken, and not in the journal: {intent}"
            elif price["currencyCode"] == "EUR":
                wanted[intent.input["productId"]].append(round(float(price["amount"]) * 100))
    for product_id, prices in wanted.items():
        queued = {events[0]["command_id"] for _, events in evidence.of_kind("cmd")}
        found = [
            event["data"]["price"]
            for event in evidence.journal.get(product_id, ())
            if event["type"] == "ProductPriceChanged" and event["command_id"] in queued
        ]
        if found != prices:
            yield f"{product_id} got {len(found)} of {len(prices)} queued prices: {found}, they were sent as {prices}"


def the_streams_are_the_journal(evidence: Evidence, repeated: Collection[tuple[int, str]]) -> Iterator[str]:
    """Every event is in its partition's stream, once, in order per aggregate; `repeated` are entries of our own."""
    for partition, entries in evidence.streams.items():
        versions: dict[str, list[int]] = defaultdict(list)
        for id, aggregate_id, version in _without(entries, partition, repeated):
            versions[aggregate_id].append(version)
            if partition_of(aggregate_id, len(evidence.streams)) != partition:
                yield f"{aggregate_id} is in the stream of partition {partition} ({id})"
        there = {id for id in evidence.journal if partition_of(id, len(evidence.streams)) == partition}
        for id in there | versions.keys():
            expected = [event["version"] for event in evidence.journal.get(id, ())]
            if versions[id] != expected:
                yield f"the stream of partition {partition} and {id}: {_first_difference(versions[id], expected)}"


def orders_expire_in_time(evidence: Evidence, due: str) -> Iterator[str]:
    """What was to be confirmed by the moment `due`, and was not, is cancelled; what was confirmed never expires."""
    for id, events in evidence.shown.of_kind("ord"):
        status, confirm_by = "", None
        for event in events:
            if event["type"] == "OrderPlaced":
                confirm_by = event["data"].get("confirm_by")
            if event["data"].get("reason") == "EXPIRED" and status != "PLACED":
                yield f"{id} expired, although it was {status}"
            status = STATUS_OF.get(event["type"], status)
        if status == "PLACED" and confirm_by and confirm_by <= due:
            yield f"{id} was to be confirmed by {confirm_by}, and is still placed"


def poison_alone_is_given_up(evidence: Evidence) -> Iterator[str]:
    """All of it is, and nothing else."""
    events = [event for history in evidence.journal.values() for event in history]
    poison = {event["_id"] for event in events if event["command_id"] == POISON}
    yield from (f"{id} was not discarded" for id in poison - evidence.discarded)
    yield from (f"{id} was discarded, and is no poison" for id in evidence.discarded - poison)


def one_generation_is_left(evidence: Evidence) -> Iterator[str]:
    """The one that serves, and no key of another."""
    for partition, (serving, found) in evidence.generations.items():
        if found - {serving}:
            yield f"partition {partition} has keys of generations {sorted(found)}, {serving} serves"


def a_feed_was_followed_without_gap(
    name: str, evidence: Evidence, customer_id: str | None, seen: Seen
) -> Iterator[str]:
    """Each change of each order, or of the customer's orders, came once and in order."""
    expected = {
        id: [event["version"] for event in events]
        for id, events in evidence.shown.of_kind("ord")
        if customer_id in (None, events[0]["data"]["customer_id"])
    }
    yield from _differences(name, seen, expected)


def statuses_came_without_gap(name: str, orders: Sequence[str], evidence: Evidence, seen: Seen) -> Iterator[str]:
    """Each status of the orders that were watched came once and in order."""
    shown = evidence.shown.journal
    expected = {id: [event["version"] for event in shown.get(id, ()) if event["type"] in STATUS_OF] for id in orders}
    yield from _differences(name, seen, expected)
    for id, version, status in seen:
        events = evidence.journal.get(id, [])
        if version > len(events) or STATUS_OF.get(events[version - 1]["type"]) != status:
            yield f"{name} was told that {id} became {status} in version {version}"


def _differences(name: str, seen: Seen, expected: Mapping[str, Sequence[int]]) -> Iterator[str]:
    versions: dict[str, list[int]] = defaultdict(list)
    for id, version, _ in seen:
        versions[id].append(version)
    for id in expected.keys() | versions.keys():
        if versions[id] != list(expected.get(id, ())):
            yield f"{name} and {id}: {_first_difference(versions[id], expected.get(id, ()))}"


def _first_difference(seen: Sequence[int], expected: Sequence[int]) -> str:
    """Where the first version is that is missing, or not the next one."""
    for n, (has, wants) in enumerate(zip_longest(seen, expected), start=1):
        if has != wants:
            return f"number {n} of {len(seen)} is version {has}, in the journal it is {wants} of {len(expected)}"
    raise ValueError("there is no difference")


def _keys_committed(evidence: Evidence) -> Iterator[str]:
    for _, events in evidence.of_kind("cmd"):
        if events[-1]["type"] == "CommandCommitted" and (key := events[0]["data"]["idempotency_key"]):
            yield key


def _without(entries: Sequence[Entry], partition: int, repeated: Collection[tuple[int, str]]) -> Iterator[Entry]:
    return (entry for entry in entries if (partition, entry[0]) not in repeated)


def check(
    intents: Sequence[Intent], evidence: Evidence, repeated: Collection[tuple[int, str]] = (), *, due: str = ""
) -> list[str]:
    """All that needs no subscriber; `due`: the moment up to which orders have expired."""
    return [
        *versions_have_no_gap(evidence),
        *what_is_stored_is_the_fold(evidence),
        *every_receipt_is_kept(intents, evidence),
        *no_command_is_applied_twice(intents, evidence),
        *no_product_is_oversold(evidence),
        *the_queue_is_worked_off_in_order(intents, evidence),
        *the_streams_are_the_journal(evidence, repeated),
        *orders_expire_in_time(evidence, due),
        *poison_alone_is_given_up(evidence),
        *one_generation_is_left(evidence),
    ]
