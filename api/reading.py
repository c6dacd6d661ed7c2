"""What an HTTP request asks for: read once, from its body or its address, no further than it may be long."""

from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from api.errors import BadUserInput, Fault
from api.negotiation import UNPROCESSABLE
from api.persisted import NotFound, NotSupported, Persisted
from api.replies import HttpFault
from api.wire import GraphQLRequest, decode_json, read_request

OPERATION: Final = "orderstream.operation"
"""Where a request's scope keeps what was read."""


LENGTH: Final = "orderstream.length"
"""Where it keeps how many bytes that were."""


async def read_operation(scope: Scope, body: bytes | Receive, persisted: Persisted, most: int) -> GraphQLRequest:
    """The one operation that a request asks for: no batches, no uploads. HttpFault, or JSONDecodeError.

    `body`, or what it is read from; `most`: bytes that it may have.
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
        # The exact type also keeps foreign pages out, which may send forms and plain text without asking first.
        media_type = header_of(scope, b"content-type").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise HttpFault(415, BadUserInput("Send the request as `Content-Type: application/json`."))
        if isinstance(body, bytes):
            _check_length(body, most)
        else:
            body = await _read_body(body, most)
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


def header_of(scope: Scope, name: bytes) -> str:
    """The request's header; empty where it has none."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


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
