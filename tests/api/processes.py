"""API processes of their own: beside the package's one, or without relay and projector."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from stack.child import Child
from tests.ports import free_port
from tests.system import SECRET, System, process, wait_until_ready

REGISTER = """mutation($name: String!, $email: String!, $wait: Int!) {
    registerCustomer(input: {name: $name, email: $email}) {
        receipt { projected(timeoutMs: $wait) }
        userErrors { code }
    }
}"""


@asynccontextmanager
async def another_api(system: System, log: Path, **settings: str) -> AsyncIterator[tuple[System, Child]]:
    """An API of its own over the same stores."""
    port = free_port()
    environment = {**system.environment, "PORT": str(port), **settings}
    url = f"http://127.0.0.1:{port}"
    async with process("api", environment, log) as child:
        await wait_until_ready(url, child, log)
        yield System(url, environment, log), child


@asynccontextmanager
async def lonely_api(
    mongodb_url: str, database: str, redis_url: str, log: Path, **settings: str
) -> AsyncIterator[tuple[System, Child]]:
    """An API that has its stores, but neither relay nor projector."""
    port = free_port()
    environment = {
        "MONGODB_URL": mongodb_url, "MONGODB_DATABASE": database, "REDIS_URL": redis_url,
        "AUTH_SECRET": SECRET, "PORT": str(port), "SHUTDOWN_NOTICE_SECONDS": "0", "THROTTLE_RATE": "0",
        **settings,
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    async with process("api", environment, log) as child, httpx.AsyncClient(base_url=url) as client:
        async with asyncio.timeout(30):
            while True:
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    assert child.exit_code is None
                    await asyncio.sleep(0.05)
        yield System(url, environment, log), child
