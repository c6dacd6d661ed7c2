"""Answers to queries and mutations by their plans: parsed, validated and compiled once."""

import logging
from collections.abc import Awaitable, Callable, Mapping
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

    def __init__(self, schema: Schema) -> None:
        self.planned = 0
        """How many answers were given."""
        self._schema = schema
        # What strangers send displaces nothing but what strangers sent.
        self._kept: Final = _documents()
        self._strangers: Final = _documents()

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
            return None
        try:
            body = await run.answer()
        except Exception as error:
            if run.changes:
                raise  # what was done is not done again
            if not isinstance(error, Fault | ReadFault | InvalidToken | GraphQLError):
                _log.exception("a plan failed; the executor answers instead")
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
        operation = self._operation(document, name, self._strangers if caller.role == "nobody" else self._kept)
        values = operation.values(variables) if operation else None
        if operation is None or values is None:
            return None
        try:
            plan = operation.plan(values.coerced)
            if plan is None:
                return None
            for rule in plan.access:
                check_access(rule, caller)
            return Run(plan, context, [read.arguments(values) for read in plan.reads])
        except (Fault, GraphQLError):
            return None

    def _operation(self, document: str, name: str | None, documents: _Documents) -> Operation | None:
        kept = documents.get(document) or self._kept.get(document)
        if kept is None:
            parsed = known_document(document)
            if parsed is None:
                return None
            kept = documents[document] = operations_of(self._schema, parsed), len(document)
        return kept[0].get(name)


def _documents() -> _Documents:
    return LRUCache(KEPT_CHARACTERS, getsizeof=itemgetter(1))


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

    def __init__(self, plan: Plan, context: Context, arguments: list[Arguments]) -> None:
        self.changes: Final = plan.changes
        self._plan = plan
        self._context = context
        self._arguments = arguments
        self._waits = [its["timeout_ms"] for its in arguments if "timeout_ms" in its]
        self._errors: list[GraphQLError] = []
        self._nulls: set[Path] = set()

    async def answer(self) -> bytes:
        """The body of the response; raises what is wrong with a query, but of a command says what came of it."""
        try:
            data = await self._plan.answer(None, self, ())
        except _Located as located:
            self._add(located.error, ())
            data = "null"
        if not self._errors:
            return b'{"data":%b}' % data.encode()
        self._context.has_errors = True
        faults = self._context.services.faults
        errors = to_json([faults.coded(error).formatted for error in self._errors])
        return b'{"data":%b,"errors":%b}' % (data.encode(), errors)

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
