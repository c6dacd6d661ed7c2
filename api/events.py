"""GraphQL over server-sent events: strawberry's transport, in the form that every client reads."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing

from starlette.responses import StreamingResponse
from starlette.types import Send
from strawberry.http.streaming import SSETransport

from api.leaving import Leaving
from api.negotiation import wants_events


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
