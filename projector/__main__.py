"""The projector process: runs until SIGTERM or SIGINT, then finishes the steps in flight and gives its leases back."""

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
import sys

import uvloop
from pydantic import ValidationError

from projector import startup
from projector.settings import ProjectorSettings

log = logging.getLogger("projector")


def main() -> None:
    """Run the projector; exit code 2 where the settings are not in order."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = ProjectorSettings()
    except ValidationError as error:
        for problem in error.errors():
            print(f"{str(problem['loc'][0]).upper()}: {problem['msg']}", file=sys.stderr)
        sys.exit(2)
    # A batch is tens of thousands of objects that go together: looking for circles among them took a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    uvloop.run(_run(settings))


async def _run(settings: ProjectorSettings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    log.info("%s started, %d partitions to share", name, settings.partitions)
    await startup.run(settings, name, stopping)
    log.info("%s stopped", name)


if __name__ == "__main__":
    main()
