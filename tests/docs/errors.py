"""The page of error codes, made from the refusals of commands and the faults of requests."""

import inspect
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

from graphql import GraphQLEnumType

import api.app  # noqa: F401 - so that every refusal and every fault is known
from api.errors import Code
from api.negotiation import _STATUS, UNPROCESSABLE
from api.schema import schema
from read_model.errors import ReadFault
from write_model.rejection import Rejection

TEXT: Final = """\
# Error codes

What a client does about each is said [for frontend developers](../frontend.md#what-goes-wrong). In messages,
`{...}` stands for a fact.

## Refusals of commands

In `userErrors`. Nothing of a refused command was done.

| code | it means | messages |
|---|---|---|
"""
FAULTS: Final = """
## Faults of a request

In `errors`, as `extensions.code`. The status is that of an answer without data; messages are those of the read
model, where it has any.

| code | HTTP status | messages |
|---|---|---|
"""


def page() -> str:
    """Markdown: a table for what the rules refuse, one for what cannot be answered."""
    return TEXT + "".join(_refusals()) + FAULTS + "".join(_faults())


def _refusals() -> Iterator[str]:
    codes, messages = schema._schema.type_map["UserErrorCode"], _messages(Rejection)
    assert isinstance(codes, GraphQLEnumType)
    for code, value in codes.values.items():
        yield f"| `{code}` | {value.description} | {messages.get(code, '')} |\n"


def _faults() -> Iterator[str]:
    messages = _messages(ReadFault)
    for code in Code:
        status = HTTPStatus(_STATUS.get(code, UNPROCESSABLE))
        yield f"| `{code}` | {status} {status.phrase} | {messages.get(code, '')} |\n"


def _messages(root: type[Exception]) -> Mapping[str, str]:
    """The docstrings of all that are kinds of it, by code."""
    found: dict[str, list[str]] = {}
    kinds = list(root.__subclasses__())
    for kind in kinds:
        kinds += kind.__subclasses__()
        found.setdefault(kind.code, []).append(inspect.cleandoc(kind.__doc__ or "").replace("\n", " "))  # type: ignore[attr-defined]
    return {code: "<br>".join(sorted(texts)) for code, texts in found.items()}
