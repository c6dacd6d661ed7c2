"""What clients send, read strictly: a GraphQL request as JSON, messages of graphql-transport-ws; and what they get."""

from dataclasses import dataclass
from json import JSONDecodeError
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from api.errors import BadUserInput


def _check_prefer(extensions: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(extensions.get("prefer"), str | None):
        raise ValueError('`prefer` is text, such as "respond-async"')
    return extensions


class GraphQLRequest(BaseModel):
    """A request of GraphQL over HTTP; what else a client sends along is ignored, as the specification asks."""

    model_config = ConfigDict(strict=True)

    query: str | None = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the wire's own name
    documentId: str | None = None  # noqa: N815 - as above
    extensions: Annotated[dict[str, Any], AfterValidator(_check_prefer)] | None = None


class _Subscribe(BaseModel):
    model_config = ConfigDict(strict=True)
    type: Literal["subscribe"]
    id: str
    payload: GraphQLRequest


class _Complete(BaseModel):
    model_config = ConfigDict(strict=True)
    type: Literal["complete"]
    id: str


class _Other(BaseModel):
    # The payloads of these are free; the handler looks at the one that it needs.
    model_config = ConfigDict(strict=True)
    type: Literal["connection_init", "ping", "pong"]


Message: TypeAlias = Annotated[_Subscribe | _Complete | _Other, Field(discriminator="type")]

_messages: TypeAdapter[Message] = TypeAdapter(Message)


@dataclass(frozen=True, slots=True)
class Written:
    """The data of an answer whose whole JSON, `{"data":...}`, is there already."""

    payload: bytes


def encode_json(value: object) -> str:
    """Compact JSON of an answer, or of a message; text, because bytes would make binary frames on a WebSocket."""
    match value:
        case {"data": Written(payload)}:
            return payload.decode()
        case {"id": str(id), "type": "next", "payload": {"data": Written(payload)}}:
            return next_message(next_head(id), payload).decode()
    return to_json(value).decode()


def next_head(id: str) -> bytes:
    """What messages with an operation's payloads begin with."""
    return b'{"id":%b,"type":"next","payload":' % to_json(id)


def next_message(head: bytes, payload: bytes) -> bytes:
    """The message with a payload."""
    return b"%b%b}" % (head, payload)


def decode_json(data: str | bytes) -> Any:
    """The value in a JSON text; JSONDecodeError for whatever is not one, nesting without end included."""
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        # pydantic-core's parser is strict UTF-8 and bounded in depth, where the standard library's raises other errors.
        raise JSONDecodeError(str(error), "", 0) from None


LONGEST_LIST: Final = 1_000
"""In variables: the longest that means something is an order's lines, 100."""


def read_request(value: object) -> GraphQLRequest:
    """The request in a decoded body; BadUserInput where it has another shape."""
    if isinstance(value, list):
        raise BadUserInput("The body is one operation, not a list of several: send a request for each.")
    if not isinstance(value, dict):
        raise BadUserInput("The body is a JSON object with `query`, and `variables` and `operationName` as needed.")
    try:
        request = GraphQLRequest.model_validate(value)
    except ValidationError as error:
        details = error.errors()[0]
        where = ".".join(map(str, details["loc"][:2]))[:60]
        raise BadUserInput(f"`{where}`: {details['msg']}.") from None
    _check_lists(request.variables)
    return request


def _check_lists(value: object) -> None:
    """BadUserInput for a list that is too long: to coerce its elements takes far longer than to read them."""
    if isinstance(value, dict):
        for one in value.values():
            if isinstance(one, dict | list):
                _check_lists(one)
    elif isinstance(value, list):
        if len(value) > LONGEST_LIST:
            raise BadUserInput(f"A list in the variables has {len(value):,} elements, at most {LONGEST_LIST:,} may be.")
        for one in value:
            if isinstance(one, dict | list):
                _check_lists(one)


def names_a_document(query_string: bytes) -> bool:
    """Whether a GET request may ask for an operation, and not for a page."""
    return any(name in query_string for name in (b"query=", b"documentId=", b"persistedQuery"))


def fault_in_message(value: object) -> str | None:
    """What is wrong with a message of graphql-transport-ws; None where nothing is."""
    try:
        _messages.validate_python(value)
    except ValidationError as error:
        # A close frame's reason has at most 123 bytes (RFC 6455, section 5.5).
        return error.errors()[0]["msg"][:100]
    return None
