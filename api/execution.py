"""The executor, as it must be where a subscription lives for days."""

from typing import Any

from graphql.execution import Executor as ExecutorOfCore
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class Executor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's, with one memory of selections per event instead of one per subscription.

    Those of an event are new objects each time, so graphql-core 3.3.2 keeps all of them, finds none of them again, and
    grows with every event until the subscription ends.
    """

    def build_per_event_executor(self, payload: Any) -> ExecutorOfCore[Any]:
        """An executor for one event."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor
