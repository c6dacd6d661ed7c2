"""What the socket allows: ASGI without GraphQL, a constant answer, with READS=1 a stored one. PORT, REDIS_URL."""

import asyncio
import os
from collections import deque
from typing import Any, cast
from urllib.parse import urlsplit

import hiredis
from pydantic_core import from_json
from starlette.types import Receive, Scope, Send

from tests.bench.copies import ANSWERS_DATABASE
from tests.bench.peers.contract import serve

_CONSTANT = b'{"data":{"hello":"world"}}'


class Answers(asyncio.Protocol):
    """One connection for all requests: what they ask in the same moment goes out together, replies come in order."""

    def __init__(self) -> None:
        self._replies = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop has classes of its own
        self.ask("SELECT", str(ANSWERS_DATABASE))

    def ask(self, *command: str) -> asyncio.Future[Any]:
        """The reply, later."""
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(hiredis.pack_command(command))  # type: ignore[arg-type]
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(reply)
        return reply

    def _send(self) -> None:
        self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not False:
            self._waiting.popleft().set_result(reply)


class App:
    """Reads the request as far as it must: its one variable says which answer is wanted."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._answers: Answers | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        answer = await self._answer(body) if self._redis_url else _CONSTANT
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, body: bytes) -> bytes:
        if self._answers is None:
            redis = urlsplit(self._redis_url)
            _, self._answers = await asyncio.get_running_loop().create_connection(
                Answers, redis.hostname or "", redis.port or 0
            )
        [wanted] = from_json(body)["variables"].values()
        answer: bytes | None = await self._answers.ask("GET", wanted)
        return answer or b'{"errors":[{"message":"not stored"}]}'


if __name__ == "__main__":
    serve(App(os.environ["REDIS_URL"] if os.environ.get("READS") else ""))
