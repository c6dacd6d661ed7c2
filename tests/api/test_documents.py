"""A document that is sent again gets the answer that it got before."""

import pytest

from api.documents import LONGEST
from tests.system import Client


@pytest.mark.parametrize(
    "query",
    [
        "{ orders { totalCount } }",
        "{ orders { nothing } }",
        "{ orders {",
        "query A { orders { totalCount } } query B { products { totalCount } }",
        "{ orders(first: 1000) { totalCount } }",
        "{ a: projection { parkedEvents } }" + " " * LONGEST,
    ],
)
async def test_a_document_is_answered_alike_each_time(staff: Client, query: str) -> None:
    first, second, third = [await staff.run(query) for _ in range(3)]
    assert first == second == third
