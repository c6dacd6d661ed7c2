"""The web server's way past ASGI: messages that are sent without waiting, between those that are not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from api.leaving import Leaving
from api.server import MOST_AT_ONCE, Server, SocketProtocol
from api.socket import AT_ONCE
from tests.system import ANSWER_SECONDS

SendAtOnce = Callable[[bytes], bool]
Say = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def connected(talk: Callable[[SendAtOnce, Say], Awaitable[None]]) -> AsyncIterator[ClientConnection]:
    """A client of a server that talks to it, and then closes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def say(text: str) -> None:
            await send({"type": "websocket.send", "text": text})

        await send({"type": "websocket.accept"})
        await talk(scope["extensions"][AT_ONCE]["send"], say)
        await send({"type": "websocket.close", "code": 1000})
        assert not scope["extensions"][AT_ONCE]["send"](b"too late")

    config = uvicorn.Config(
        app, port=0, ws=SocketProtocol, lifespan="off", log_config=None, ws_per_message_deflate=False
    )
    stopping, listener = asyncio.Event(), config.bind_socket()
    listener.listen()
    serving = asyncio.create_task(Server(config, Leaving(), stopping, notice=0).serve(sockets=[listener]))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with connect(f"ws://127.0.0.1:{listener.getsockname()[1]}", proxy=None, max_size=None) as client:
                yield client
    finally:
        stopping.set()
        await serving


async def test_messages_come_in_the_order_in_which_they_were_sent() -> None:
    lengths = [0, 125, 126, 65_535, 65_536]
    texts = [str(n) * length for n, length in enumerate(lengths)]

    async def talk(at_once: SendAtOnce, say: Say) -> None:
        for text in texts[:-1]:
            assert at_once(text.encode())
        await say("in between")
        assert at_once("Ö 🫖".encode())
        await asyncio.sleep(0)
        assert at_once(texts[-1].encode())

    async with connected(talk) as client:
        assert [message async for message in client] == [*texts[:-1], "in between", "Ö 🫖", texts[-1]]


async def test_who_does_not_read_makes_others_wait() -> None:
    text, full, sent = b"x" * MOST_AT_ONCE, asyncio.Event(), 0

    async def talk(at_once: SendAtOnce, say: Say) -> None:
        nonlocal sent
        while at_once(text):
            assert not at_once(text)  # that is too much together
            sent += 1
            for _ in range(3):
                await asyncio.sleep(0)
        full.set()
        await say("after all of them")
        assert at_once(text)

    async with connected(talk) as client:
        await full.wait()
        messages = [message async for message in client]
    assert messages == [text.decode()] * sent + ["after all of them", text.decode()]
