"""GraphQL over server-sent events: strawberry's transport, in the form that every client reads."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Send
from strawberry.http.streaming import SSETransport

from api.leaving import Leaving

EVENTS: Final = "text/event-stream"
LONGEST_KEPT: Final = 500
"""Characters of a header whose meaning is remembered: anybody may send some."""
JSON: Final = ("application/json", "application/graphql-response+json")


class EventStream(SSETransport):
    """The "distinct connections mode" of the GraphQL over SSE protocol."""

    def accepts(self, accept: str) -> bool:
        """See wants_events."""
        return wants_events(accept)

    def encode_event(self, event: str, data: str | None = None) -> str:
        """One event, in lines that end as urql's own parser wants them; the standard allows that as well."""
        return super().encode_event(event, data).replace("\r\n", "\n")

    def encode_comment(self, comment: str) -> str:
        """What keeps a silent connection open."""
        return super().encode_comment(comment).replace("\r\n", "\n")


class EventResponse(StreamingResponse):
    """The stream as an answer. One without an end of its own ends, between two events, when the process leaves.

    It just ends: a `complete` would say that nothing more is to come, and clients would not come back.
    """

    def __init__(
        self,
        events: AsyncIterator[str],
        headers: Mapping[str, str],
        *,
        leaving: Leaving,
        is_endless: Callable[[], bool],
    ) -> None:
        super().__init__(events, headers=headers)
        assert isinstance(events, AsyncGenerator)
        self._events = events
        self._leaving = leaving
        self._is_endless = is_endless

    async def stream_response(self, send: Send) -> None:
        """Send all of it, or as much as there is time for."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with asyncio.timeout(None) as time, aclosing(self._events) as events:

                def leave() -> None:
                    if self._is_endless():
                        time.reschedule(asyncio.get_running_loop().time())

                with self._leaving.telling(leave):
                    async for event in events:
                        await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        except TimeoutError:
            if not time.expired():
                raise
        await send({"type": "http.response.body", "body": b""})


def wants_events(accept: str) -> bool:
    """Whether a client with this Accept header would rather have events than JSON.

    Some name every type that they can read (urql does), and mean JSON.
    """
    if EVENTS not in accept.lower():
        return False
    return _prefers_events(accept) if len(accept) <= LONGEST_KEPT else _prefers_events.__wrapped__(accept)


@lru_cache(maxsize=1_000)
def _prefers_events(accept: str) -> bool:
    wanted = _qualities(accept)
    events, json = wanted.get(EVENTS, 0.0), max(wanted.get(type, 0.0) for type in JSON)
    return events > json


def _qualities(accept: str) -> dict[str, float]:
    """How much each media type in an Accept header is wanted (RFC 9110, section 12.5.1): 0 to 1."""
    qualities: dict[str, float] = {}
    for part in accept.lower().split(","):
        media_type, *parameters = (text.strip() for text in part.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            qualities[media_type] = float(quality)
        except ValueError:
            qualities[media_type] = 0.0
    return qualities
