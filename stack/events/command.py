"""`orderstream events`: follow the journal, or show events of it whole."""

from typing import Annotated

import typer

from stack.execution import run

app = typer.Typer(name="events", help="Follow the journal, or show its events whole.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="A JSON object a line.")]


def _types() -> list[str]:
    from write_model.contracts.codec import EVENT_TYPES

    return list(EVENT_TYPES)


@app.command()
def tail(
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Also what was from 10m, 2h or 7d ago on, from 2026-11-20T09:30 (UTC), or behind a position.",
        ),
    ] = None,
    aggregate: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only of this order, customer, product or command; repeatable."),
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="Only of this type, as in OrderPlaced; repeatable.", autocompletion=_types),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the journal: a line for every event as it is committed, in the order of commits, until Ctrl-C.

    A lost connection is made again, and it goes on where it was. With --json each event has its `position`: with the
    last one that was seen, --since goes on behind it, without a gap.
    """
    from stack.events import tail as it

    run(lambda: it.tail(since, aggregate or (), type or (), as_json=as_json))


@app.command()
def show(
    id: Annotated[
        str, typer.Argument(metavar="ID|AGGREGATE", help="An event, as ord_...@3, or an order, customer, product.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show an event whole, or all events of an aggregate in their order."""
    from stack.events import history

    run(lambda: history.show(id, as_json=as_json))
