"""A subscription holds no more after many events than after one."""

import gc
from collections.abc import AsyncIterator

from graphql import build_schema, parse
from graphql.execution import subscribe
from graphql.execution.collect_fields import CollectedFields

from api.execution import Executor

SCHEMA = build_schema("type Query { a: Int } type Event { a: Int } type Subscription { event: Event }")


async def test_a_subscription_keeps_nothing_of_an_event() -> None:
    async def events() -> AsyncIterator[dict[str, dict[str, int]]]:
        for n in range(200):
            yield {"event": {"a": n}}

    def kept() -> int:
        gc.collect()
        return sum(type(thing) is CollectedFields for thing in gc.get_objects())

    answers = subscribe(SCHEMA, parse("subscription { event { a } }"), {"event": events()}, executor_class=Executor)
    assert isinstance(answers, AsyncIterator)
    assert (await anext(answers)).data == {"event": {"a": 0}}
    after_one = kept()
    for _ in range(150):
        await anext(answers)
    assert kept() <= after_one
