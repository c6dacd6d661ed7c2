"""What an HTTP request asks for: read once, from its body or its address, no further than it may be long."""

from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from api.errors import BadUserInput, Fault
from api.heads import header_of
from api.negotiation import UNPROCESSABLE
from api.persisted import NotFound, NotSupported, Persisted
from api.replies import HttpFault
from api.wire import GraphQLRequest, decode_json, read_request

OPERATION: Final = "orderstream.operation"
"""Where a request's scope keeps what was read."""

LENGTH: Final = "orderstream.length"
"""Where it keeps how many bytes that were."""


async def read_operation(scope: Scope, receive: Receive, persisted: Persisted, most: int) -> GraphQLRequest:
    """The one operation that a request asks for; see operation_in."""
    if OPERATION not in scope and scope["method"] != "GET":
        _check_type(scope)
        return operation_in(scope, await _read_body(receive, most), persisted, most)
    return operation_in(scope, b"", persisted, most)


def operation_in(scope: Scope, body: bytes, persisted: Persisted, most: int) -> GraphQLRequest:
    """The one operation that a request asks for: no batches, no uploads. HttpFault, or JSONDecodeError.

    `most`: bytes that the body may have.
    """
    if OPERATION in scope:
        operation: GraphQLRequest = scope[OPERATION]
        return operation
    if scope["method"] == "GET":
        value: Any = {
            name: decode_json(text) if name in ("variables", "extensions") else text
            for name, text in QueryParams(scope["query_string"]).items()
            if text  # an empty one is as good as none (GraphQL over HTTP, section "GET")
        }
    else:
        _check_type(scope)
        _check_length(body, most)
        scope[LENGTH] = len(body)
        value = decode_json(body)
    try:
        operation = read_request(value)
        operation.query = persisted.text_of(operation)
    except Fault as fault:
        # Clients of Apollo's protocol look for these two in good answers.
        raise HttpFault(200 if isinstance(fault, NotFound | NotSupported) else UNPROCESSABLE, fault) from None
    scope[OPERATION] = operation
    return operation


def _check_type(scope: Scope) -> None:
    # The exact type also keeps foreign pages out, which may send forms and plain text without asking first.
    media_type = header_of(scope, b"content-type")
    if media_type != "application/json" and media_type.partition(";")[0].strip().lower() != "application/json":
        raise HttpFault(415, BadUserInput("Send the request as `Content-Type: application/json`."))


async def _read_body(receive: Receive, most: int) -> bytes:
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
        _check_length(body, most)
    return body


def _check_length(body: bytes, most: int) -> None:
    if len(body) > most:
        raise HttpFault(413, BadUserInput(f"The body is longer than {most} bytes."))
