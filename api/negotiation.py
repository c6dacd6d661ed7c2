"""What an answer is sent as: its media type, by what the client accepts, and its status code.

As in GraphQL over HTTP (graphql/graphql-over-http, draft of August 2026), sections "Body" and "Status Codes".
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from api.errors import Code
from api.headers import on_the_wire

EVENTS: Final = "text/event-stream"
JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"

LONGEST_KEPT: Final = 500
"""Characters of a header whose meaning is remembered: anybody may send some."""


class Head(NamedTuple):
    """What a good answer begins with."""

    status: int
    content_type: str
    wire: bytes
    """The status line, and the headers that every such answer has."""


class Form(NamedTuple):
    """How a client wants its answers: one with data alone, and one with data and errors."""

    whole: Head
    partial: Head


def _head(status: int, phrase: str, media_type: str) -> Head:
    content_type = f"{media_type}; charset=utf-8"
    wire = b"HTTP/1.1 %d %b\r\n" % (status, phrase.encode()) + on_the_wire({"content-type": content_type})
    return Head(status, content_type, wire)


# Status 294 is said only beside the media type that explains it (section "Partial success").
FORMS: Final = {
    GRAPHQL: Form(_head(200, "OK", GRAPHQL), _head(294, "Partial Success", GRAPHQL)),
    JSON: Form(_head(200, "OK", JSON), _head(200, "OK", JSON)),
}
FAULT_TYPE: Final = FORMS[GRAPHQL].whole.content_type
"""Of an answer without data, whatever the client accepts: good ones alone are said to be `JSON` (section "Body")."""

_STATUS: Final[Mapping[str, int]] = {
    Code.GRAPHQL_PARSE_FAILED: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.THROTTLED: 429,
    Code.UNAVAILABLE: 503,
    Code.TIMEOUT: 504,
    Code.INTERNAL: 500,
}
NOT_ACCEPTABLE: Final = f"Accept `{GRAPHQL}` or `{JSON}`, or `{EVENTS}` for a subscription."
UNPROCESSABLE: Final = 422
"""What can be read, and means nothing here: no request, no valid document, no such operation, wrong variables."""


def head_of(answer: Mapping[str, Any], media_type: str) -> tuple[int, Mapping[str, str]]:
    """Status and headers of the answer to an operation, for a client that wants good ones as `media_type`."""
    if "data" in answer:
        head = FORMS[media_type][bool(answer.get("errors"))]
        return head.status, {"content-type": head.content_type}
    status = _STATUS.get(answer["errors"][0]["extensions"]["code"], UNPROCESSABLE)
    more: Mapping[str, str] = {}
    if status == 401:
        more = {"www-authenticate": "Bearer"}  # RFC 9110, section 15.5.2
    elif seconds := answer["errors"][0]["extensions"].get("retryAfter"):
        more = {"retry-after": str(seconds)}
    return status, {"content-type": FAULT_TYPE, **more}


def wants_events(accept: str) -> bool:
    """Whether a client with this Accept header would rather have events than JSON.

    Some name every type that they can read (urql does), and mean JSON.
    """
    if EVENTS not in accept.lower():
        return False
    return _prefers_events(accept) if len(accept) <= LONGEST_KEPT else _prefers_events.__wrapped__(accept)


def media_type_wanted(accept: str) -> str | None:
    """What a client with this Accept header wants its one answer as: `GRAPHQL` or `JSON`; None where it is neither.

    Who has no preference gets `application/json`, which every tool shows.
    """
    return _media_type(accept) if len(accept) <= LONGEST_KEPT else _media_type.__wrapped__(accept)


def accepts_coding(accept_encoding: str, coding: str) -> bool:
    """Whether a client with this Accept-Encoding header (RFC 9110, section 12.5.3) can read `gzip`, `br`."""
    if len(accept_encoding) > LONGEST_KEPT:
        return False
    return _accepts_coding(accept_encoding, coding)


@lru_cache(maxsize=1_000)
def _prefers_events(accept: str) -> bool:
    wanted = _qualities(accept)
    events, json = wanted.get(EVENTS, 0.0), max(wanted.get(type, 0.0) for type in (JSON, GRAPHQL))
    return events > json


@lru_cache(maxsize=1_000)
def _media_type(accept: str) -> str | None:
    if not accept.strip():
        return JSON
    if wants_events(accept):
        return None
    wanted = _qualities(accept)
    graphql, json = (
        next((wanted[range] for range in (type, "application/*", "*/*") if range in wanted), 0.0)
        for type in (GRAPHQL, JSON)
    )
    if not graphql and not json:
        return None
    return GRAPHQL if graphql > json or (graphql == json and GRAPHQL in wanted) else JSON


@lru_cache(maxsize=1_000)
def _accepts_coding(accept_encoding: str, coding: str) -> bool:
    wanted = _qualities(accept_encoding)
    return wanted.get(coding, wanted.get("*", 0.0)) > 0


def _qualities(header: str) -> dict[str, float]:
    """How much each thing in such a header is wanted (RFC 9110, section 12.4.2): 0 to 1."""
    qualities: dict[str, float] = {}
    for part in header.lower().split(","):
        thing, *parameters = (text.strip() for text in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            qualities[thing] = float(quality)
        except ValueError:
            qualities[thing] = 0.0
    return qualities
