"""What `orderstream dev` shows: lines of its parts, each behind a short name, and its own."""

import sys
from contextlib import suppress

from rich.console import Console
from rich.text import Text

_WIDTH = len("projector")
_STYLES = {"api": "cyan", "relay": "magenta", "projector": "green", "expiry": "blue", "worker": "bright_blue"}
_SERVER_STYLE = "yellow"

console = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line of our own."""
    _show(Text(text))


def say_for(part: str, line: str) -> None:
    """A line of a part."""
    _show(Text.assemble((f"{part:<{_WIDTH}} | ", _STYLES.get(part, _SERVER_STYLE)), Text.from_ansi(line)))


def complain(text: str) -> None:
    """One line on stderr, whatever is in the text."""
    with suppress(OSError):
        print(f"orderstream: {' '.join(text.split())}", file=sys.stderr, flush=True)


def _show(text: Text) -> None:
    with suppress(OSError):  # a terminal that was closed is no reason to stop before all is drained
        console.print(text)
