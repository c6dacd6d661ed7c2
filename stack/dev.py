"""`orderstream dev`: everything on this machine, started in order, watched over, drained in order."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from api.auth import issue_token
from api.pages.built import is_built
from api.pages.console import CONSOLE
from api.pages.shop import SHOP
from stack import address, demo, readiness
from stack.child import Child
from stack.configuration import settings_in_force
from stack.console import say, say_for
from stack.embedded import STOP_SECONDS, Server, start_mongodb, start_redis
from stack.processes import Part
from stack.settings import DevSettings
from stack.workspace import Running, Workspace

TOKEN_SECONDS = 30 * 24 * 3600
TIDYING_SECONDS = 5.0
"""What a part may take beyond its own grace, after which it cuts itself off."""
_PARTS = ("api", "relay", "projector", "expiry", "worker")
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: DevSettings, workspace: Workspace, *, with_demo: bool = True) -> None:
    """Until SIGINT or SIGTERM; a second one hastens. OperatorError where something is for the operator to mend."""
    settings_in_force()  # raises for what a part would stumble over later
    with workspace.claim(settings.url):
        address.must_be_free(settings.host, settings.port)
        asyncio.run(_until_stopped(lambda hasten: _Stack(settings, workspace, hasten).run(with_demo=with_demo)))


async def _until_stopped(work: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Run the work; the first signal cancels it, the second sets `hasten`. It drains in its own time."""
    loop = asyncio.get_running_loop()
    hasten = asyncio.Event()
    task = asyncio.create_task(work(hasten))
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if stopped:
            hasten.set()
        else:
            stopped = True
            say("Stopping: finishing what is in flight. Again to hasten.")
            task.cancel()

    for number in _STOPS:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise
    say("Stopped.")


@dataclass
class _Stack:
    settings: DevSettings
    workspace: Workspace
    hasten: asyncio.Event
    environment: dict[str, str] = field(default_factory=dict)

    async def run(self, *, with_demo: bool) -> None:
        """Servers, indexes, demo data, parts; then nothing until cancelled."""
        async with AsyncExitStack() as drains:
            mongodb_url = await self._mongodb(drains)
            redis_url = await self._redis(drains)
            self.environment = {
                "MONGODB_URL": mongodb_url,
                "REDIS_URL": redis_url,
                **self._keys(),
                "HOST": self.settings.host,
                "PORT": str(self.settings.port),
                "SHUTDOWN_NOTICE_SECONDS": "0",  # no load balancer asks
                "PYTHONUNBUFFERED": "1",
                "LOG_FORMAT": os.environ.get("LOG_FORMAT") or "console",
            }
            os.environ.update(self.environment)
            self.workspace.announce(Running(os.getpid(), mongodb_url, redis_url, self.settings.url))

            customer_id = await demo.prepare(with_demo=with_demo)
            grace = self.settings.shutdown_seconds + TIDYING_SECONDS
            # What feeds others stops before them, the API first: it waits for the others' work.
            for names in (["projector"], ["relay"], ["expiry", "worker"], ["api"]):
                drains.push_async_callback(self._drain, grace, *map(self._part, names))
            await readiness.wait(self.settings, say)
            self._greet(customer_id)
            await asyncio.Event().wait()

    async def _mongodb(self, drains: AsyncExitStack) -> str:
        if given := self.settings.mongodb_url:
            return given.get_secret_value()
        return await self._serve(start_mongodb, drains)

    async def _redis(self, drains: AsyncExitStack) -> str:
        if given := self.settings.redis_url:
            return given.get_secret_value()
        return await self._serve(start_redis, drains)

    async def _serve(
        self, start: Callable[[Path], Coroutine[None, None, tuple[Server, Child]]], drains: AsyncExitStack
    ) -> str:
        name = start.__name__.removeprefix("start_")
        server, child = await start(self.workspace.directory.absolute() / name)
        part = Part(name, server.spawn, say_for, why=server.why_it_ended, first=child, piped=False)
        drains.push_async_callback(self._drain, STOP_SECONDS, part)
        return server.url

    def _keys(self) -> dict[str, str]:
        """Where the keys of tokens come from: an identity provider, the given secret, or the workspace's own."""
        if self.settings.auth_jwks_url:
            return {}
        secret = self.settings.auth_secret
        return {"AUTH_SECRET": secret.get_secret_value() if secret else self.workspace.make_auth_secret()}

    def _part(self, name: str) -> Part:
        # For whoever develops; and both halves in one process.
        environment = {"INTROSPECTION": "1", "GRAPHIQL": "1", **os.environ, **self.environment, "SERVE": "all"}
        if self.settings.metrics_port:
            environment["METRICS_PORT"] = str(self.settings.metrics_port + _PARTS.index(name))
        if name == "api" and self.settings.is_loopback:
            environment.setdefault("GRAPHIQL_STAFF", "1")
            environment.setdefault("SHOP", "1")
        # -P: the directory that `dev` was started in is no place to import from.
        command = [sys.executable, "-P", "-m", "stack", name]
        return Part(
            name,
            partial(Child.spawn, command, environment=environment, output=asyncio.subprocess.PIPE),
            say_for,
        )

    async def _drain(self, grace: float, *parts: Part) -> None:
        await asyncio.gather(*(part.drain(grace, self.hasten) for part in parts))

    def _greet(self, customer_id: str | None) -> None:
        url = f"{self.settings.url}/graphql"
        secret = self.environment.get("AUTH_SECRET")
        say("")
        say(f"  API       {url}")
        say(f"  GraphiQL  {url} (open it in a browser)")
        if is_built("console"):
            say(f"  Console   {self.settings.url}{CONSOLE} (the whole system, live)")
        if self.settings.is_loopback and secret and is_built("shop"):
            say(f"  Shop      {self.settings.url}{SHOP} (an example: order something, and watch it in another tab)")
        say(f"  Data      {self.workspace.directory}, kept; Ctrl-C stops everything")
        if secret:
            say("  Tokens    for `Authorization: Bearer ...`, valid for 30 days; without one there is the catalogue")
            say("")
            say(f"staff     {issue_token(secret, 'staff', None, TOKEN_SECONDS)}")
            if customer_id:
                say(f"customer  {issue_token(secret, 'customer', customer_id, TOKEN_SECONDS)}")
        say("")
