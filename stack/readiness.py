"""Waits until the API says that it is ready."""

import asyncio
import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

from stack.settings import DevSettings

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.1
PATH = "/readyz"


async def wait(settings: DevSettings, say: Callable[[str], None]) -> None:
    """Until `/readyz` answers 200; says every half minute what it answers meanwhile."""
    loop = asyncio.get_running_loop()
    impatient = loop.time() + PATIENCE_SECONDS
    while True:
        problem = await asyncio.to_thread(_ask, settings.url)
        if problem is None:
            return
        if loop.time() > impatient:
            impatient = loop.time() + PATIENCE_SECONDS
            say(f"Not ready yet: {problem}")
        await asyncio.sleep(_PAUSE_SECONDS)


def _ask(url: str) -> str | None:
    """None when ready, else what is wrong. Not by urllib: that would ask a proxy of the environment."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=2)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        body = response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"the API does not answer ({error})"
    finally:
        connection.close()
    return None if response.status == 200 else " ".join(body.split())
