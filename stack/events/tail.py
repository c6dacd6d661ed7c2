"""`orderstream events tail`: what is followed, filtered, and shown as it comes, for as long as somebody reads it."""

import asyncio
import os
import stat
import sys
from collections.abc import Collection
from contextlib import aclosing
from difflib import get_close_matches

import typer

from stack.console import complain
from stack.events.following import follow
from stack.events.report import show_followed
from stack.events.since import parse_since
from stack.ids import must_be_an_id
from stack.journal import open_journal
from write_model.contracts.codec import EVENT_TYPES
from write_model.contracts.streams import Position
from write_model.startup import system_clock


async def tail(since: str | None, aggregates: Collection[str], types: Collection[str], *, as_json: bool) -> None:
    """Show events until interrupted; BrokenPipeError once nobody reads them any more."""
    for id in aggregates:
        must_be_an_id(id, "--aggregate")
    for name in types:
        _should_be_known(name)
    try:
        after = parse_since(since, system_clock()) if since else None
    except ValueError as error:
        raise typer.BadParameter(f"{since!r}: {error}", param_hint="--since") from None
    showing = asyncio.create_task(_show(after, aggregates, types, as_json=as_json))
    alone = asyncio.create_task(_until_nobody_reads())
    await asyncio.wait({showing, alone}, return_when=asyncio.FIRST_COMPLETED)
    if alone.done():
        raise BrokenPipeError
    await showing


async def _show(after: Position | None, aggregates: Collection[str], types: Collection[str], *, as_json: bool) -> None:
    async with open_journal() as (client, database), aclosing(follow(client, database, after, _lost)) as batches:
        async for batch in batches:
            for position, document in batch:
                if aggregates and document["aggregate_id"] not in aggregates:
                    continue
                if not types or document["type"] in types:
                    show_followed(position, document, as_json=as_json)
            sys.stdout.flush()


async def _until_nobody_reads() -> None:
    """Returns when the other end of the pipe is closed, which a quiet journal would not show for long; else never."""
    gone = asyncio.Event()
    out = sys.stdout.fileno()
    if stat.S_ISFIFO(os.fstat(out).st_mode):
        asyncio.get_running_loop().add_reader(out, gone.set)  # an error is all that can be read from this end
    await gone.wait()


def _lost(seconds: float) -> None:
    complain(f"MongoDB does not answer, the next attempt is in {seconds:g} s")


def _should_be_known(name: str) -> None:
    """A word about a type that may be a typing error, or of a newer program."""
    if name not in EVENT_TYPES:
        similar = get_close_matches(name, EVENT_TYPES, n=1)
        meant = f"; did you mean {similar[0]}?" if similar else ""
        complain(f"this version knows no event {name}{meant}")
