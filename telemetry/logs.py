"""Logs on stderr: a JSON object a line for programs, or lines for people."""

import logging
import sys
from typing import Final, Literal

from pythonjsonlogger.json import JsonFormatter

CONSOLE: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start(format: Literal["json", "console"] | None, service: str) -> None:
    """Log so from now on, in the service's name; None: lines where stderr is a terminal, else JSON."""
    for_people = format == "console" or (format is None and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(CONSOLE) if for_people else json_formatter(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def json_formatter(service: str) -> logging.Formatter:
    """`time` (ISO 8601, UTC), `service`, `level`, `logger`, `message`, `exception` if there is one, what is `extra`."""
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        static_fields={"service": service},
        timestamp="time",
    )
