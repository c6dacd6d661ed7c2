"""The process `orderstream api`: serves until it is told to stop, then finishes what it took."""

import asyncio
import gc
import logging
import os
from functools import partial
from typing import Final, cast

import uvicorn

from api.app import create_app, open_services
from api.http import HttpProtocol
from api.server import CLOSE_SECONDS, Server, SocketProtocol
from api.settings import ApiSettings
from api.view import GraphQLView
from read_model.settings import ReadSettings
from write_model.settings import WriteSettings
from write_model.startup import run_until_stopped

TIDYING_SECONDS: Final = CLOSE_SECONDS + 2.0
"""For what is left to do when every request has been answered or cut off."""

logger = logging.getLogger("api")


def main() -> None:
    """Serve. SIGTERM and SIGINT drain and exit 0; what keeps it from starting is raised."""
    # The schema is hundreds of thousands of objects that stay: without them, looking for circles costs little. It is
    # done as often as ever, though: what an execution or a connection leaves behind is such.
    gc.freeze()
    # It tells of every WebSocket that comes and goes.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    api = ApiSettings()
    write = None if api.serve == "queries" else WriteSettings()
    patience = api.shutdown_notice_seconds + api.shutdown_seconds + TIDYING_SECONDS
    run_until_stopped(partial(serve, api, write, ReadSettings()), patience)


async def serve(api: ApiSettings, write: WriteSettings | None, read: ReadSettings, stopping: asyncio.Event) -> None:
    """Serve until `stopping`; every request that was taken is answered, every WebSocket closed with 1001."""
    async with open_services(api, write, read, entropy=os.urandom) as services:
        view = GraphQLView(services)
        config = uvicorn.Config(
            create_app(services, view),
            host=api.host,
            port=api.port,
            loop="none",
            http=cast("type[asyncio.Protocol]", partial(HttpProtocol, view)),
            ws=SocketProtocol,
            ws_max_size=api.max_message_bytes,
            ws_per_message_deflate=False,  # messages are short, and each would be compressed for each client by itself
            lifespan="off",
            proxy_headers=bool(api.forwarded_allow_ips),
            forwarded_allow_ips=list(api.forwarded_allow_ips),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=api.shutdown_seconds,
        )
        listener = config.bind_socket()  # says why and exits where the address cannot be had
        logger.info("serving on http://%s:%d/graphql", api.host, api.port)
        server = Server(config, services.leaving, stopping, notice=api.shutdown_notice_seconds)
        await server.serve(sockets=[listener])


if __name__ == "__main__":
    main()
