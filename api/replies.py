"""Answers over HTTP that are not strawberry's: those by plans, and refusals, each with the status that says why."""

from collections.abc import Mapping

from cross_web import HTTPException
from graphql import GraphQLError
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from api.errors import BadUserInput, Fault, Refused
from api.negotiation import EVENTS, FAULT_TYPE, UNPROCESSABLE, Head


class HttpFault(Exception):
    """A request that GraphQL never sees."""

    def __init__(self, status: int, fault: Fault, **headers: str) -> None:
        super().__init__(fault.message)
        self.status = status
        self.fault = fault
        self.headers = headers


async def send_answer(head: Head, body: bytes, send: Send) -> None:
    """An answer, in JSON. Starlette's Response would do the same, at the price of reading an order."""
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", head.content_type.encode())]
    await send({"type": "http.response.start", "status": head.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def turn_away(fault: Refused) -> Response:
    """For now: another process, or this one soon, will take it."""
    return refusal(503, fault, {"retry-after": "1"})


def refusal_of(error: HTTPException) -> Response:
    """What strawberry itself refuses: a method, no operation or an unknown one, one of a type that is not served so."""
    match error.__cause__:
        case InvalidOperationTypeError(operation_type=OperationType.SUBSCRIPTION):
            return refusal(406, BadUserInput(f"Subscribe over WebSocket, or with `Accept: {EVENTS}`."))
        case InvalidOperationTypeError():
            return refusal(405, BadUserInput(error.reason), {"allow": "POST"})
        case MissingQueryError() | CannotGetOperationTypeError():
            return refusal(UNPROCESSABLE, BadUserInput(error.reason))
    headers = {"allow": "GET, POST"} if error.status_code == 405 else None
    return refusal(error.status_code, BadUserInput(error.reason), headers)


def refusal(status: int, error: GraphQLError, headers: Mapping[str, str] | None = None) -> Response:
    """The error, said in JSON like every answer."""
    return Response(to_json({"errors": [error.formatted]}), status_code=status, headers=headers, media_type=FAULT_TYPE)
