"""The projector process: runs until SIGTERM or SIGINT, then finishes the steps in flight and gives its leases back."""

import asyncio
import gc
import logging
import os
import signal
import sys
from typing import Final

import uvloop
from pydantic import ValidationError

import telemetry.startup
from projector import startup
from projector.settings import ProjectorSettings

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("projector")


def main() -> None:
    """Run the projector; exit code 2 where the settings are not in order."""
    try:
        settings = ProjectorSettings()
        telemetry.startup.start("projector")
    except ValidationError as error:
        for problem in error.errors():
            print(f"{str(problem['loc'][0]).upper()}: {problem['msg']}", file=sys.stderr)
        sys.exit(2)
    # Steps of all partitions are hundreds of thousands of objects that go when they are done: looking for circles among
    # them took a tenth of the time, and there are none.
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)
    uvloop.run(_run(settings))


async def _run(settings: ProjectorSettings) -> None:
    """Project until a signal, and then until the steps in flight are done or the grace is over; a second one kills."""
    stopping = asyncio.Event()

    def stop() -> None:
        for number in _STOPS:
            signal.signal(number, signal.SIG_DFL)
        asyncio.get_running_loop().call_later(settings.shutdown_seconds, _cut_off)
        stopping.set()

    for number in _STOPS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    name = telemetry.startup.process_name()
    log.info("%s started, %d partitions to share", name, settings.partitions)
    await startup.run(settings, name, stopping)
    log.info("%s stopped", name)


def _cut_off() -> None:
    log.warning("not finished in time after the signal: cut off")
    logging.shutdown()
    os._exit(0)  # a step is applied whole or not at all


if __name__ == "__main__":
    main()
