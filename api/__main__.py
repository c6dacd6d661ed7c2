"""The process `orderstream api`: serves until it is told to stop, then finishes what it took."""

import asyncio
import logging
import os
import signal
import sys
from typing import NoReturn

import uvicorn
import uvloop

from api.app import create_app, open_services
from api.settings import ApiSettings
from read_model.settings import ReadSettings
from write_model.settings import WriteSettings

logger = logging.getLogger("api")


def main() -> None:
    """Serve. SIGTERM and SIGINT drain and exit 0; what keeps it from starting is raised."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It tells of every WebSocket that comes and goes.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(ApiSettings(), WriteSettings(), ReadSettings()))


async def serve(api: ApiSettings, write: WriteSettings, read: ReadSettings) -> None:
    """Serve until a signal; every request that was taken is answered, every WebSocket closed with 1012."""
    async with open_services(api, write, read, entropy=os.urandom) as services:
        config = uvicorn.Config(
            create_app(services),
            host=api.host,
            port=api.port,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=api.max_message_bytes,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=api.shutdown_seconds,
        )
        listener = config.bind_socket()  # says why and exits where the address cannot be had
        logger.info("serving on http://%s:%d/graphql", api.host, api.port)
        # uvicorn takes the signals while it serves; once it has drained it sends them on to `_exit`.
        await uvicorn.Server(config).serve(sockets=[listener])


def _exit(*_: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
