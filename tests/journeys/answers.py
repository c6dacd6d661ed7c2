"""Asks questions of the running system, and says readably where an answer is not the one that was expected."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from tests.journeys.naive.shop import Shop
from tests.journeys.questions import Listing, Question
from tests.system import Client, System, customer_token

MOST_DIFFERENCES: Final = 12
AT_ONCE: Final = 4

NAMES_SECONDS: Final = 20.0
NAME_IN: Final = "query($id: ID!) { order(id: $id) { customer { name } } }"

_missing: Final = object()


class Examiner:
    """Asks in everybody's name; every question waits for what the tokens mark."""

    def __init__(self, staff: Client, customers: dict[str, Client], tokens: list[str]) -> None:
        self._staff = staff
        self._customers = customers
        self._tokens = tokens
        self.asked: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def of(cls, system: System, customers: Iterable[str], tokens: list[str]) -> AsyncIterator["Examiner"]:
        """An examiner with a client for each customer."""
        async with AsyncExitStack() as clients:
            staff = await clients.enter_async_context(system.staff)
            theirs = {id: await clients.enter_async_context(system.client(customer_token(id))) for id in customers}
            yield cls(staff, theirs, tokens)

    async def check(self, question: Question) -> list[str]:
        """Ask; AssertionError with question and differences for a wrong answer. Answers the cursors of a list."""
        self.asked.add(question.path[0])
        client = self._customers[question.caller] if question.caller else self._staff
        answer = await client.run(question.document, **question.variables, consistentWith=self._tokens)
        got: Any = answer.get("data")
        cursors: list[str] = []
        if "errors" not in answer:
            got = _without_cursors(got[question.path[0]], cursors)
            if got == question.expected:
                return cursors
        raise AssertionError(_report(question, answer if "errors" in answer else got))

    async def wait_for_names(self, shop: Shop) -> None:
        """Until every order shows its customer's name: that follows after the token, in steps."""
        wrong: Any = None
        try:
            async with asyncio.timeout(NAMES_SECONDS):
                for id, order in shop.orders.items():
                    name = shop.customers[order.customer_id].name
                    right = {"order": {"customer": {"name": name}}}
                    while (wrong := await self._staff.data(NAME_IN, id=id)) != right:  # noqa: ASYNC110 - another process
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"order {id} goes on showing {wrong}, the customer is {name!r}") from None

    async def parked_events(self) -> int:
        """How many events are set aside."""
        return int((await self._staff.data("{ projection { parkedEvents } }"))["projection"]["parkedEvents"])

    async def check_all(self, questions: Iterable[Question]) -> None:
        """Some at a time."""
        waiting = iter(questions)

        async def ask() -> None:
            for question in waiting:
                await self.check(question)

        try:
            async with asyncio.TaskGroup() as asking:
                for _ in range(AT_ONCE):
                    asking.create_task(ask())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def walk(self, listing: Listing, size: int, *, backward: bool) -> dict[int, str]:
        """Every page of so many, from one end to the other; answers the cursors by index."""
        cursors: dict[int, str] = {}
        at: int | None = None
        while True:
            asked = {"last": size, "before": at} if backward else {"first": size, "after": at}
            found = await self.check(listing.page(cursors, **asked))
            end = len(listing.nodes) if at is None else at
            start = max(0, end - size) if backward else 0 if at is None else at + 1
            cursors.update(enumerate(found, start))
            if not found:
                return cursors
            at = start if backward else start + len(found) - 1

    async def walk_through(self, listing: Listing, rng: random.Random) -> None:
        """All pages forward and backward, then some between two cursors, which are the same in both directions."""
        cursors = await self.walk(listing, rng.randint(1, 7), backward=False)
        backward = await self.walk(listing, rng.randint(1, 7), backward=True)
        assert cursors == backward, f"{listing.path} {listing.variables}: a cursor depends on the direction"
        for _ in range(3 if len(cursors) > 1 else 0):
            after, before = sorted(rng.sample(range(len(cursors)), 2))
            size = rng.choice(("first", "last"))
            asked = {"after": after, "before": before, size: rng.choice((None, 0, 1, 3))}
            await self.check(
                listing.page(cursors, **{name: value for name, value in asked.items() if value is not None})
            )


def _without_cursors(value: Any, cursors: list[str]) -> Any:
    """The answer without its cursors, which are collected; a page that names others than its own keeps them."""
    if isinstance(value, list):
        return [_without_cursors(inner, cursors) for inner in value]
    if not isinstance(value, dict):
        return value
    if "pageInfo" not in value:
        return {name: _without_cursors(inner, cursors) for name, inner in value.items()}
    mine = [edge["cursor"] for edge in value["edges"]]
    cursors += mine
    info = dict(value["pageInfo"])
    if (info["startCursor"], info["endCursor"]) == ((mine[0], mine[-1]) if mine else (None, None)):
        del info["startCursor"], info["endCursor"]
    return {**value, "edges": [{"node": edge["node"]} for edge in value["edges"]], "pageInfo": info}


def _report(question: Question, got: Any) -> str:
    differences = list(_differences(question.expected, got, ".".join(question.path[:1])))
    rest = len(differences) - MOST_DIFFERENCES
    return "\n".join(
        [
            f"{'.'.join(question.path)}, asked by {question.caller or 'staff'}, is answered wrongly",
            f"query: {question.document}",
            f"variables: {json.dumps(question.variables, ensure_ascii=False)}",
            *differences[:MOST_DIFFERENCES],
            *([f"... and {rest} more"] if rest > 0 else []),
            f"expected: {json.dumps(question.expected, ensure_ascii=False)[:3000]}",
            f"got:      {json.dumps(got, ensure_ascii=False)[:3000]}",
        ]
    )


def _differences(expected: Any, got: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in expected | got:
            yield from _differences(expected.get(name, _missing), got.get(name, _missing), f"{where}.{name}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(one, other, f"{where}[{index}]")
    elif expected != got:
        yield f"  {where}: expected {_said(expected)}, got {_said(got)}"


def _said(value: Any) -> str:
    if value is _missing:
        return "nothing"
    if isinstance(value, list):
        ids = [item["id"] if isinstance(item, dict) and "id" in item else item for item in value]
        return f"{len(value)}: {json.dumps(ids, ensure_ascii=False)[:600]}"
    return json.dumps(value, ensure_ascii=False)
