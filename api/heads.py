"""Heads of requests: what their headers say, and which of them come again.

Over a kept connection a client sends the same bytes before each body of the same length. To find them costs less than
to parse them, and what they said the last time they say again: a head is all that its meaning depends on (RFC 9112,
section 2), where it begins a request and the whole of its body comes with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.types import Scope

MOST_KEPT: Final = 4_000
LONGEST_KEPT: Final = 2_000
"""Bytes of one."""

HEADERS: Final = "orderstream.headers"
"""Where a request's scope keeps its headers by name, once somebody has looked for one."""

_END: Final = b"\r\n\r\n"
_OF_REQUEST: Final = ("method", "path", "raw_path", "query_string", "http_version")
_OTHERWISE_FRAMED: Final = {b"transfer-encoding", b"upgrade", b"expect"}


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """A request's headers by name, of each the first; to be looked at only."""
    headers: dict[bytes, bytes] | None = scope.get(HEADERS)
    if headers is None:
        scope[HEADERS] = headers = dict(reversed(scope["headers"]))
    return headers


def header_of(scope: Scope, name: bytes) -> str:
    """The request's header; empty where it has none."""
    return str(headers_of(scope).get(name, b""), "latin-1")


class Head(NamedTuple):
    """What a head says."""

    scope: Mapping[str, Any]
    """What ASGI's scope has of it, but for its headers."""
    headers: Sequence[tuple[bytes, bytes]]
    length: int
    """Bytes of the body."""


class Heads:
    """Those of one process, by their bytes."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and the body, where the bytes are one whole request with a known head; else None."""
        end = data.find(_END, 0, LONGEST_KEPT) + len(_END)
        head = self._known.get(data[:end])
        return (head, data[end:]) if head and len(data) - end == head.length else None

    def learn(self, data: bytes, scope: Scope, body: bytes) -> None:
        """Know the head from now on, where the bytes were a head, with that scope, and its body, and nothing else.

        The oldest makes room: what is still used is learnt again.
        """
        end, headers = len(data) - len(body), scope["headers"]
        said = [value for name, value in headers if name == b"content-length"]
        if (
            end > LONGEST_KEPT
            or data.find(_END) + len(_END) != end
            or data[end:] != body
            or said != ([b"%d" % len(body)] if body else said[:0])
            or any(name in _OTHERWISE_FRAMED for name, _ in headers)
        ):
            return
        if len(self._known) >= MOST_KEPT:
            del self._known[next(iter(self._known))]
        its_own = {name: scope[name] for name in _OF_REQUEST} | {HEADERS: headers_of(scope)}
        self._known[data[:end]] = Head(its_own, tuple(headers), len(body))
