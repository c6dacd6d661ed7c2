"""Answers over HTTP that are not strawberry's: those by plans, and refusals, each with the status that says why."""

from collections.abc import Mapping
from json import JSONDecodeError

from cross_web import HTTPException
from graphql import GraphQLError
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Send
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from api.errors import BadUserInput, Fault, Refused, Throttled
from api.negotiation import EVENTS, FAULT_TYPE, JSON, UNPROCESSABLE, Head, head_of
from api.running import TimedOut


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


def refuse(fault: Fault) -> Response:
    """With the status of its code. Refused is for now: another process, or this one soon, will take it."""
    status, headers = head_of({"errors": [fault.formatted]}, JSON)
    return refusal(status, fault, {"retry-after": "1", **headers} if status == 503 else headers)


def refusal_of(error: Exception) -> Response | None:
    """What the client is told of it; None where it is a fault of ours."""
    match error:
        case Refused() | Throttled() | TimedOut():
            return refuse(error)
        case HttpFault():
            return refusal(error.status, error.fault, error.headers)
        case JSONDecodeError():
            return refusal(400, BadUserInput("Unable to parse request body as JSON"))
        case HTTPException():
            return _refused_by_strawberry(error)
    return None


def _refused_by_strawberry(error: HTTPException) -> Response:
    """A method, no operation or an unknown one, one of a type that is not served so."""
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
