"""Answers to queries and mutations by their plans: parsed, validated and compiled once."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from operator import itemgetter
from typing import Any, Final

from cachetools import LRUCache
from graphql import GraphQLError, located_error
from pydantic_core import to_json
from strawberry import Schema

from api.access import check_access
from api.compiled.arguments import Arguments
from api.compiled.plans import Operation, Plan, operations_of
from api.context import Context, Info
from api.documents import KEPT_CHARACTERS, known_document
from api.errors import Fault
from api.settings import ApiSettings
from read_model.errors import ReadFault, StaleRead, Unavailable
from read_model.rows import Parts
from write_model.contracts.streams import InvalidToken

_log = logging.getLogger(__name__)

Path = tuple[str | int, ...]

_Kept = tuple[Mapping[str | None, Operation], int]
_Documents = LRUCache[str, _Kept]


class Answers:
    """Answers what it has a plan for.

    A document is compiled when it comes for the second time: whoever sends ever new ones pays for each of them twice
    before it takes the place of one that others use.
    """

    def __init__(self, schema: Schema, settings: ApiSettings, texts: Collection[str] = ()) -> None:
        """`texts`: documents that are known, and compiled now."""
        self.planned = 0
        """How many answers were given."""
        self.missed = 0
        """How often there was no plan, or none that could answer."""
        self._schema = schema
        self._settings = settings
        # What strangers send displaces nothing but what strangers sent.
        self._kept: Final = _documents(max(KEPT_CHARACTERS, sum(map(len, texts))))
        self._strangers: Final = _documents(KEPT_CHARACTERS)
        for text in texts:
            for operation in self._operations(text, self._kept).values():
                operation.plan({})

    @property
    def kept(self) -> int:
        """How many documents it has looked at, and keeps."""
        return len(self._kept) + len(self._strangers)

    async def answer(
        self,
        document: str,
        name: str | None,
        variables: Mapping[str, Any] | None,
        context: Context,
        *,
        may_change: bool,
    ) -> bytes | None:
        """The body of the response; None where the executor has to answer, which then answers the same or more."""
        run = self._prepare(document, name, variables or {}, context)
        if run is None or (run.changes and (not may_change or context.prefers_async)):
            self.missed += 1
            return None
        bill = run.pay() or await run.charge()
        try:
            body = await run.answer(bill)
        except Exception as error:
            if run.changes:
                raise  # what was done is not done again
            if not isinstance(error, Fault | ReadFault | InvalidToken | GraphQLError):
                _log.exception("a plan failed; the executor answers instead")
            run.give_back()
            self.missed += 1
            return None
        self.planned += 1
        return body

    def _prepare(self, document: str, name: str | None, variables: Mapping[str, Any], context: Context) -> "Run | None":
        """A run of the operation's plan; None where it has none, or where anything is wrong with the request.

        What that is, the executor says: where and in which order.
        """
        try:
            caller = context.caller
        except Fault:
            return None  # and compile nothing for those who are not who they say
        operations = self._operations(document, self._strangers if caller.role == "nobody" else self._kept)
        operation = operations.get(name)
        values = operation.values(variables) if operation else None
        if operation is None or values is None:
            return None
        try:
            plan = operation.plan(values.coerced)
            if plan is None:
                return None
            if exchange := context.exchange:
                exchange.planned, exchange.caller = operation, caller
            for rule in plan.access:
                check_access(rule, caller)
            cost = operation.cost(variables)
            if cost > self._settings.max_cost:
                return None
            return Run(plan, context, cost, [read.arguments(values) for read in plan.reads])
        except (Fault, GraphQLError):
            return None

    def _operations(self, document: str, documents: _Documents) -> Mapping[str | None, Operation]:
        kept = documents.get(document) or self._kept.get(document)
        if kept is None:
            known = known_document(document)
            if known is None:
                return {}
            measures = {name: one for name, one in known.measures.items() if one.is_allowed(self._settings)}
            kept = documents[document] = operations_of(self._schema, known.document, measures), known.length
        return kept[0]


def _documents(room: int) -> _Documents:
    return LRUCache(room, getsizeof=itemgetter(1))


class _Told(Info):
    """What a resolver is told by a plan."""

    def __init__(self, context: Context, parts: Parts, waits: list[int]) -> None:
        self._context = context
        self.parts = parts
        self.waits = waits

    @property
    def context(self) -> Context:
        return self._context


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, context: Context, cost: int, arguments: list[Arguments]) -> None:
        self.changes: Final = plan.changes
        self._plan = plan
        self._context = context
        self._client = context.client
        self._cost = cost
        self._arguments = arguments
        self._waits = [its["timeout_ms"] for its in arguments if "timeout_ms" in its]
        self._errors: list[GraphQLError] = []
        self._nulls: set[Path] = set()

    def pay(self) -> bytes | None:
        """What the answer says of the cost, in JSON; None where the client may have to wait."""
        throttle = self._context.services.throttle
        if throttle is None:
            return b'{"requested":%d}' % self._cost
        left = throttle.take(self._client, self._cost)
        return None if left is None else b'{"requested":%d,"left":%d}' % (self._cost, left)

    async def charge(self) -> bytes:
        """What the answer says of the cost, in JSON, once the client has paid; Throttled."""
        return to_json(await self._context.charge(self._cost))

    def give_back(self) -> None:
        """What it has cost: another will answer."""
        if throttle := self._context.services.throttle:
            throttle.take(self._client, -self._cost)

    async def answer(self, bill: bytes) -> bytes:
        """The body of the response; raises what is wrong with a query, but of a command says what came of it."""
        try:
            data = await self._plan.answer(None, self, ())
        except _Located as located:
            self._add(located.error, ())
            data = "null"
        if not self._errors:
            return b'{"data":%b,"extensions":{"cost":%b}}' % (data.encode(), bill)
        self._context.has_errors = True
        faults = self._context.services.faults
        coded = [faults.coded(error) for error in self._errors]
        if exchange := self._context.exchange:
            exchange.fail(coded)
        errors = to_json([error.formatted for error in coded])
        return b'{"data":%b,"errors":%b,"extensions":{"cost":%b}}' % (data.encode(), errors, bill)

    async def read(self, number: int, source: Any, path: Path) -> str:
        """Called by the plan: the JSON of what one of its reads finds."""
        read, context = self._plan.reads[number], self._context
        arguments = self._arguments[number]
        if read.parent:
            arguments = {**arguments, read.parent: source}
        try:
            found = await read.resolver(source, info=_Told(context, read.parts, self._waits), **arguments)
            if found is None:
                return "null"
            return str(await read.write(found, self, path) if read.waits else read.write(found))
        except _Located as located:
            error = located.error
            if not read.may_be_null:
                raise
        except Exception as fault:
            if not self.changes and not isinstance(fault, Unavailable | StaleRead):
                raise
            error = located_error(fault, read.nodes, list(path))
            if not read.may_be_null:
                raise _Located(error) from None
        self._add(error, path)
        return "null"

    async def part(self, write: Callable[..., Awaitable[str]], source: Any, path: Path) -> str:
        """Called by the plan: the JSON of an object that may be null, by the function that writes it."""
        try:
            return await write(source, self, path)
        except _Located as located:
            self._add(located.error, path)
            return "null"

    def _add(self, error: GraphQLError, path: Path) -> None:
        """As the executor does: nothing more is said of what is null already."""
        if not any(path[:length] in self._nulls for length in range(len(path) + 1)):
            self._nulls.add(path)
            self._errors.append(error)


class _Located(Exception):
    """An error on its way up to what may be null."""

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error
