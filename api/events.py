"""GraphQL over server-sent events: strawberry's transport, in the form that every client reads."""

from typing import Final

from strawberry.http.streaming import SSETransport

EVENTS: Final = "text/event-stream"
JSON: Final = ("application/json", "application/graphql-response+json")


class EventStream(SSETransport):
    """The "distinct connections mode" of the GraphQL over SSE protocol."""

    def accepts(self, accept: str) -> bool:
        """Whether the client would rather have events than JSON.

        Some name every type that they can read (urql does), and mean JSON.
        """
        if EVENTS not in accept.lower():
            return False
        wanted = _qualities(accept)
        events, json = wanted.get(EVENTS, 0.0), max(wanted.get(type, 0.0) for type in JSON)
        return events > json

    def encode_event(self, event: str, data: str | None = None) -> str:
        """One event, in lines that end as urql's own parser wants them; the standard allows that as well."""
        return super().encode_event(event, data).replace("\r\n", "\n")

    def encode_comment(self, comment: str) -> str:
        """What keeps a silent connection open."""
        return super().encode_comment(comment).replace("\r\n", "\n")


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
