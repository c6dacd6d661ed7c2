"""Every code with which a command can be refused, and every one that a request's fault can have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.errors import Code
from tests.journeys.story import Story, a_customer, a_product, an_order, money
from tests.journeys.whole_api import values_of

ROOT = Path(__file__).parents[2]

# By code of a user error: a command that is refused with it.
REFUSALS: dict[str, tuple[str, Callable[[Story], dict[str, Any]]]] = {
    "INVALID_INPUT": ("registerCustomer", lambda story: {"name": "", "email": "nobody"}),
    "NOT_FOUND": ("changeOrderItemQuantity", lambda story: {
        "orderId": story.id("draft"), "productId": story.id("cup"), "quantity": 1,
    }),
    "VERSION_CONFLICT": ("changeProductPrice", lambda story: {
        "productId": story.id("tea"), "expectedVersion": 1, "price": money("5.00"),
    }),
    "IDEMPOTENCY_KEY_REUSED": ("registerCustomer", lambda story: a_customer(story, "Eve")),
    "CUSTOMER_INACTIVE": ("createOrder", lambda story: {"customerId": story.id("bob")}),
    "EMAIL_TAKEN": ("registerCustomer", lambda story: {"name": "Eve", "email": story.inputs["ada"]["email"].upper()}),
    "SKU_TAKEN": ("addProduct", lambda story: {**a_product(story, "Cup"), "sku": story.inputs["cup"]["sku"]}),
    "PRODUCT_DISCONTINUED": ("restockProduct", lambda story: {"productId": story.id("pot"), "quantity": 1}),
    "INSUFFICIENT_STOCK": ("placeOrder", lambda story: an_order(story, 9_999)),
    "CURRENCY_MISMATCH": ("changeProductPrice", lambda story: {
        "productId": story.id("tea"), "price": money("5.00", "USD"),
    }),
    "ORDER_EMPTY": ("placeOrder", lambda story: {**an_order(story), "lines": []}),
    "ORDER_STATUS_CONFLICT": ("cancelOrder", lambda story: {"orderId": story.id("basket"), "reason": "OTHER"}),
}  # fmt: skip

# By code of a request's fault: a document that has it, or the test where it takes more than a document.
FAULTS: dict[Code, str] = {
    Code.GRAPHQL_PARSE_FAILED: "{ orders {",
    Code.GRAPHQL_VALIDATION_FAILED: "{ orders { colour } }",
    Code.BAD_USER_INPUT: "{ orders(first: 101) { totalCount } }",
}
FAULTS_ELSEWHERE: dict[Code, str] = {
    Code.UNAUTHENTICATED: "tests/journeys/test_every_field.py::test_everyone_is_refused_what_the_table_says",
    Code.FORBIDDEN: "tests/journeys/test_every_field.py::test_everyone_is_refused_what_the_table_says",
    Code.STALE_READ: "tests/api/test_faults.py::test_what_was_never_reached_is_a_stale_read_that_says_how_far_it_came",
    Code.CURSOR_EXPIRED: "tests/api/test_orders_changed.py::test_a_cursor_older_than_the_feed_has_expired",
    Code.SLOW_CONSUMER: "tests/api/test_fan_out.py::test_who_does_not_read_is_told_so_and_resumes",
    Code.THROTTLED: "tests/api/test_socket.py::test_a_connection_runs_as_many_operations_as_it_may",
    Code.TIMEOUT: "tests/api/test_running.py::test_a_mutation_that_is_cut_off_is_committed_all_the_same",
    Code.PERSISTED_QUERY_NOT_FOUND: "tests/api/test_persisted.py::test_a_hash_is_known_once_its_document_was_sent",
    Code.PERSISTED_QUERY_NOT_SUPPORTED: (
        "tests/api/test_persisted.py::test_a_hash_alone_is_not_supported_unless_it_is_asked_for"
    ),
    Code.DOCUMENT_NOT_TRUSTED: "tests/api/test_persisted.py::test_only_the_documents_of_the_manifest_are_answered",
    Code.UNAVAILABLE: "tests/api/test_process.py::test_without_redis_commands_are_taken_and_queries_say_so",
    # No request may do this: the test makes an error that nobody foresaw.
    Code.INTERNAL: "tests/api/test_errors.py::test_what_nobody_foresaw_is_logged_under_the_id_that_the_client_gets",
}


@pytest.mark.parametrize("code", values_of("UserErrorCode"))
async def test_every_refusal_can_be_met(story: Story, code: str) -> None:
    mutation, input = REFUSALS[code]
    key = story.asked["Mutation", "addProduct"]["idempotencyKey"] if code == "IDEMPOTENCY_KEY_REUSED" else None
    assert set(await story.refusal(story.staff, mutation, input(story), key=key)) == {code}


@pytest.mark.parametrize("code", FAULTS)
async def test_a_document_that_is_wrong_gets_its_code(story: Story, code: Code) -> None:
    assert set(await story.staff.codes(FAULTS[code])) == {code}


def test_every_fault_has_its_place() -> None:
    assert FAULTS.keys() | FAULTS_ELSEWHERE.keys() == set(Code)
    assert not FAULTS.keys() & FAULTS_ELSEWHERE.keys()


@pytest.mark.parametrize("test", FAULTS_ELSEWHERE.values())
def test_what_is_said_to_be_elsewhere_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
