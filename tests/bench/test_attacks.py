"""What the hostile clients of the benchmark send is what they say, and what they are told is counted."""

import json

import pytest
from graphql import GraphQLSyntaxError, parse, validate

from api.schema import schema
from tests.bench.attacks import BODIES, DOCUMENTS, NAMES, attack
from tests.bench.test_load import answering, http_answer

UNREADABLE = {"circular fragments"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_new_each_time_and_such_as_the_specification_allows(name: str) -> None:
    first, second = (DOCUMENTS[name](n) for n in (1, 2))
    assert first != second
    if name in ("10,000 aliases", "fields that overlap"):
        parse(first)  # to validate them takes seconds
    else:
        assert bool(validate(schema._schema, parse(first))) is (name in UNREADABLE)


def test_what_is_too_long_is_too_long() -> None:
    assert len(BODIES["30 MB bodies"]) > 30_000_000
    assert len(json.loads(BODIES["batches"])) == 1_000
    with pytest.raises(GraphQLSyntaxError):
        parse(DOCUMENTS["10,000 aliases"](1), max_tokens=10_000)


async def test_what_they_are_told_is_counted() -> None:
    refused = b'{"errors": [{"extensions": {"code": "THROTTLED"}}]}'
    async with answering(http_answer(refused, 429), http_answer(b'{"data": {}}')) as url:
        seen = await attack("circular fragments", url, "token", 1.0)
    assert seen["429 THROTTLED"] > 0
    assert seen["200"] > 0
    assert "circular fragments" in NAMES
