"""The schema: every feature's part of it, put together and guarded."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import strawberry
from graphql import GraphQLError, GraphQLField, GraphQLResolveInfo, GraphQLSchema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from api.access import ACCESS, Rule, check_access
from api.auth import until_expired
from api.commands.queries import CommandQueries
from api.commands.subscriptions import CommandSubscriptions
from api.compiled.events import write_events_by_plan
from api.compiled.sources import resolve_from_sources
from api.context import Context, Info, message_extensions, send_at_once
from api.customers.mutations import CustomerMutations
from api.customers.queries import CustomerQueries
from api.documents import Documents, is_subscription
from api.errors import Faults, Phases
from api.exchange import Exchange
from api.execution import Executor
from api.nodes.queries import NodeQueries
from api.operations.mutations import OperationsMutations
from api.operations.queries import OperationsQueries
from api.operations.subscriptions import OperationsSubscriptions
from api.orders.mutations import OrderMutations
from api.orders.queries import OrderQueries
from api.orders.subscriptions import OrderSubscriptions
from api.products.mutations import ProductMutations
from api.products.queries import ProductQueries
from api.products.subscriptions import ProductSubscriptions
from api.projection.queries import ProjectionQueries
from api.running import Operation
from api.sales.queries import SalesQueries
from api.scalars import SCALARS
from api.settings import Serve


@strawberry.type(
    description="What can be asked. Queries change nothing, and show the effect of a command within moments."
)
class Query(
    OperationsQueries,
    ProjectionQueries,
    CommandQueries,
    SalesQueries,
    OrderQueries,
    ProductQueries,
    CustomerQueries,
    NodeQueries,
):
    pass


@strawberry.type(name="Query", description="What can be asked where commands are served, and queries are not.")
class QueryBesideCommands(ProjectionQueries):
    pass


@strawberry.type(description="What can be done. Every mutation is a command, and answers a receipt, never data.")
class Mutation(OperationsMutations, OrderMutations, ProductMutations, CustomerMutations):
    pass


@strawberry.type(description="What can be followed, over WebSocket (graphql-transport-ws) or server-sent events.")
class Subscription(OperationsSubscriptions, OrderSubscriptions, ProductSubscriptions, CommandSubscriptions):
    pass


class Schema(strawberry.Schema):
    """The executable schema: no root field runs for those who may not use it, no error leaves without its code."""

    def __init__(self, serve: Serve = "all") -> None:
        super().__init__(
            query=QueryBesideCommands if serve == "commands" else Query,
            mutation=None if serve == "queries" else Mutation,
            subscription=None if serve == "commands" else Subscription,
            extensions=[Documents, Phases],
            execution_context_class=Executor,
            config=StrawberryConfig(scalar_map=SCALARS, info_class=Info),
        )
        write_events_by_plan(self._schema)
        guard(self._schema)
        resolve_from_sources(self._schema)

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """One answer to a query or a mutation; a subscription has many, and is not one of them."""
        if context_value:
            context_value.prefer(operation_extensions)
            await context_value.identify()
        allowed = set(OperationType if allowed_operation_types is None else allowed_operation_types)
        result = await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed - {OperationType.SUBSCRIPTION},
            operation_extensions,
        )
        return _coded(result, context_value)

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """All answers to an operation of any type, in a context of its own."""
        if context_value is None:
            raise TypeError("every operation needs a context")
        operation_context = context_value.for_operation()
        operation_context.prefer(operation_extensions or message_extensions.get())
        operation_context.send_at_once = send_at_once.get()
        begun: Exchange | None = None
        observer = context_value.services.observer
        if observer and operation_context.exchange is None:  # over a WebSocket: this is all that there is of it
            begun = observer.begin(operation_context.trace, "WEBSOCKET")
            operation_context.trace = begun.join(operation_context.trace)
            operation_context.exchange = begun
        await operation_context.identify()
        answers = await super().stream(
            query,
            variable_values,
            operation_context,
            root_value,
            operation_name,
            operation_extensions,
            allowed_operation_types,
        )
        is_endless = partial(is_subscription, query, operation_name, context_value.services.settings)
        return _coded_stream(answers, operation_context, is_endless, begun)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: faults are the clients' business, and what is not is logged where it is hidden from them."""


def guard(schema: GraphQLSchema) -> None:
    """Put the table of api.access before every root field; LookupError for a field that it does not name."""
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        if root is None:
            continue
        for name, guarded in root.fields.items():
            rule = ACCESS[root.name].get(name)
            if rule is None:
                raise LookupError(f"{root.name}.{name} is missing in api.access.ACCESS: nobody said who may use it")
            _guard_field(guarded, rule)


def _guard_field(field: GraphQLField, rule: Rule) -> None:
    # A subscription is entered through `subscribe`; what it yields has passed, until the caller's token ends.
    if subscribe := field.subscribe:

        async def subscribed(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
            caller = info.context.caller
            check_access(rule, caller)
            info.context.subscribe()
            events = await subscribe(source, info, **arguments)
            return events if caller.role == "nobody" else until_expired(events, caller)

        field.subscribe = subscribed
        return
    resolve = field.resolve
    assert resolve is not None

    def resolved(source: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        check_access(rule, info.context.caller)
        return resolve(source, info, **arguments)

    field.resolve = resolved


def _faults(context: Context | None) -> Faults:
    if context is None:
        raise TypeError("every operation needs a context")
    return context.services.faults


def _coded(result: ExecutionResult, context: Context | None) -> ExecutionResult:
    faults = _faults(context)
    if result.errors:
        result.errors = [faults.coded(error) for error in result.errors]
    if context and context.exchange:
        context.exchange.caller = context.known_caller
        context.exchange.fail(result.errors)
    return result


async def _coded_stream(
    answers: AsyncGenerator[Any, None], context: Context, is_endless: Callable[[], bool], begun: Exchange | None
) -> AsyncGenerator[Any, None]:
    try:
        with Operation(context.services.running, is_endless):
            async with aclosing(answers):
                async for answer in answers:
                    yield _coded(answer, context)
    except GraphQLError as fault:  # TimedOut, or of a document that cannot be parsed (api.documents)
        yield _coded(PreExecutionError(data=None, errors=[fault]), context)
    finally:
        context.end()
        if begun and (observer := context.services.observer):
            observer.end(begun, "WEBSOCKET", "", None)


schema: Final = Schema()


def schema_of(serve: Serve) -> Schema:
    """The schema of a process that serves all of it, or one half."""
    return schema if serve == "all" else Schema(serve)
