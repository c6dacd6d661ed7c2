"""The executor, as it must be where a subscription lives for days, and events may be written by a plan."""

from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import Executor as ExecutorOfCore
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.wire import Written


class Executor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, which executes the events of a subscription that have no plan.

    With one memory of selections per event instead of one per subscription: those of an event are new objects each
    time, so graphql-core 3.3.2 keeps all of them, finds none of them again, and grows with every event until the
    subscription ends.
    """

    @classmethod
    def build(cls, *arguments: Any, **named: Any) -> list[GraphQLError] | ExecutorOfCore[Any]:
        """An executor, which suggests what may have been meant only where the schema is no secret."""
        context = arguments[3] if len(arguments) > 3 else named.get("context_value")
        if context is not None:
            named["hide_suggestions"] = not context.services.settings.introspection
        return super().build(*arguments, **named)

    def build_per_event_executor(self, payload: Any) -> ExecutorOfCore[Any]:
        """An executor for one event."""
        write = getattr(self.context_value, "payload", None)
        written = write(payload) if write else None
        if written is not None:
            return _Done(written)  # type: ignore[return-value]  # all that it is asked for
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor


class _Done:
    """An event whose payload is there."""

    def __init__(self, payload: bytes) -> None:
        self._result = ExecutionResult(Written(payload))  # type: ignore[arg-type]  # wire.encode_json knows it

    def execute_operation(self, _: bool) -> ExecutionResult:
        return self._result
