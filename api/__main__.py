"""The process `orderstream api`: serves until it is told to stop, then finishes what it took."""

import asyncio
import gc
import logging
import os
import resource
import sys
from functools import partial
from typing import Final, cast

import uvicorn

from api.app import create_app, open_services
from api.awaited import Awaited
from api.heads import Heads
from api.http import HttpProtocol
from api.observed import ObservedView
from api.server import CLOSE_SECONDS, Server, SocketProtocol
from api.settings import ApiSettings
from api.view import GraphQLView
from read_model.settings import ReadSettings
from telemetry.startup import about, process_name
from telemetry.statistics import telling
from write_model.settings import WriteSettings
from write_model.startup import run_until_stopped

OTHER_FILES: Final = 200
"""What is open beside the connections of clients."""
SWITCH_SECONDS: Final = 0.0005
TIDYING_SECONDS: Final = CLOSE_SECONDS + 2.0
"""For what is left to do when every request has been answered or cut off."""

logger = logging.getLogger("api")


def main() -> None:
    """Serve. SIGTERM and SIGINT drain and exit 0; what keeps it from starting is raised."""
    # The schema is a hundred thousand objects that stay: without them, looking for circles costs little. Among the
    # young it is done as often as ever: what an execution or a connection leaves behind is such. Among all it is done a
    # fifth as often: with what validation leaves behind, it takes up to a fifth of a second, and nobody is answered.
    gc.freeze()
    gc.set_threshold(700, 10, 50)
    # It tells of every WebSocket that comes and goes.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # Whoever waits for an order does not wait until another thread has validated some document (api.documents).
    sys.setswitchinterval(SWITCH_SECONDS)
    api = ApiSettings()
    write = None if api.serve == "queries" else WriteSettings()
    patience = api.shutdown_notice_seconds + api.shutdown_seconds + TIDYING_SECONDS
    run_until_stopped("api", partial(serve, api, write, ReadSettings()), patience)


async def serve(api: ApiSettings, write: WriteSettings | None, read: ReadSettings, stopping: asyncio.Event) -> None:
    """Serve until `stopping`; every request that was taken is answered, every WebSocket closed with 1001."""
    async with open_services(api, write, read, entropy=os.urandom) as services:
        view = ObservedView(services, services.observer) if services.observer else GraphQLView(services)
        awaited = Awaited(seconds=api.request_seconds, most=api.max_connections)
        allow_files(api.max_connections)
        config = uvicorn.Config(
            create_app(services, view),
            host=api.host,
            port=api.port,
            loop="none",
            http=cast("type[asyncio.Protocol]", partial(HttpProtocol, view, awaited, Heads())),
            ws=SocketProtocol,
            ws_max_size=api.max_message_bytes,
            ws_per_message_deflate=False,  # messages are short, and each would be compressed for each client by itself
            lifespan="off",
            proxy_headers=bool(api.forwarded_allow_ips),
            forwarded_allow_ips=list(api.forwarded_allow_ips),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=api.keep_alive_seconds,
            timeout_graceful_shutdown=api.shutdown_seconds,
        )
        listener = config.bind_socket()  # says why and exits where the address cannot be had
        logger.info("serving on http://%s:%d/graphql", api.host, api.port)
        sweeps = (awaited.sweep, services.running.sweep)
        server = Server(config, services.leaving, stopping, notice=api.shutdown_notice_seconds, sweeps=sweeps)
        name = process_name()
        sources = [*view.sources, *services.read.sources, *(services.write.sources if services.write else ())]
        async with telling(about("api", name), sources, partial(services.read.requests.tell, name)):
            await server.serve(sockets=[listener])


def allow_files(connections: int) -> None:
    """See to it that so many connections can be open; say so where the system does not let them."""
    wanted = connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        logger.warning("MAX_CONNECTIONS is %d, but only %d files may be open here (ulimit -n)", connections, hard)
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
