"""Orders by customer, status and time, in every combination: what a naive filter over all of them finds."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.pages import PageRequest
from read_model.schema.orders import STATUSES, OrderRow
from tests.read_model.decoded import orders
from tests.read_model.projected import PARTITIONS, Projected, at, make_id, order_row

CUSTOMERS = [make_id("cus", slot) for slot in (1, 1 + PARTITIONS, 2)]

facts = st.tuples(st.integers(0, 2), st.sampled_from(STATUSES), st.integers(0, 9))
moments = st.none() | st.integers(0, 10).map(at)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.lists(facts, max_size=15),
    customer_id=st.none() | st.sampled_from(CUSTOMERS),
    status=st.none() | st.sampled_from(STATUSES),
    created_from=moments,
    created_before=moments,
    newest_first=st.booleans(),
    size=st.integers(1, 6),
)
async def test_every_filter_with_every_other(
    redis: Redis,
    reader: Reader,
    there: list[tuple[int, str, int]],
    customer_id: str | None,
    status: str | None,
    created_from: datetime | None,
    created_before: datetime | None,
    newest_first: bool,
    size: int,
) -> None:
    await redis.flushall()
    projected = Projected(redis)
    await projected.complete()
    rows: list[tuple[OrderRow, datetime]] = []
    for owner, its_status, second in there:
        slot = (1, 1 + PARTITIONS, 2)[owner]
        row = order_row(make_id("ord", slot, second), CUSTOMERS[owner], its_status, second=second)
        await projected.order(row)
        rows.append((row, at(second)))
    expected = sorted(
        (
            row.summary.id
            for row, created in rows
            if customer_id in (None, row.summary.customer_id)
            and status in (None, row.summary.status)
            and (created_from is None or created >= created_from)
            and (created_before is None or created < created_before)
        ),
        reverse=newest_first,
    )
    asked: dict[str, Any] = {
        "customer_id": customer_id,
        "status": status,
        "created_from": created_from,
        "created_before": created_before,
        "newest_first": newest_first,
    }
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await orders(reader, page=PageRequest(first=size, after=cursor), **asked)
        assert page.total_count == len(expected)
        seen += [row.summary.id for row in page.rows]
        if not page.has_next:
            break
        cursor = page.cursors[-1]
    assert seen == expected


@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_can_be_asked_for(reader: Reader, projected: Projected, status: str) -> None:
    row = order_row(make_id("ord", 1), make_id("cus", 1), status)
    await projected.order(row)
    page = await orders(reader, page=PageRequest(), status=status)
    assert page.rows == (row,)
