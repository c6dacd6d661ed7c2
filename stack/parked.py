"""`orderstream parked`: what could not be projected, for the operator to see, retry or discard."""

from typing import Annotated

import typer

from stack.execution import run
from stack.exit_codes import ExitCode

app = typer.Typer(
    name="parked",
    help="Show, retry or discard events that could not be projected.",
    no_args_is_help=True,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The event's position or id, as `parked list` shows them.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Wait = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Patience with a projector that says nothing.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show what is parked: the events to blame, each with the number of those that wait behind it."""
    from stack import parked_report, parking

    parked_report.show_queues(run(parking.queues), as_json=as_json)


@app.command()
def show(id: Id, as_json: AsJson = False) -> None:
    """Show a parked event whole, and what waits behind it."""
    from stack import parked_report, parking

    parked_report.show_event(*run(lambda: parking.queue_and_event(id)), as_json=as_json)


@app.command()
def retry(
    id: Annotated[
        str | None, typer.Argument(metavar="ID|AGGREGATE", help="A parked event, or the aggregate that it is of.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is parked.")] = False,
    wait: Wait = 15,
    as_json: AsJson = False,
) -> None:
    """Project an aggregate's parked events again, in order, until one fails or none is left.

    Exit code 1 where something stays parked.
    """
    if (id is None) != everything:
        raise typer.BadParameter("say which: an ID, an aggregate, or --all", param_hint="ID|AGGREGATE")
    from stack import parked_report, parking

    answers = parked_report.Answers(as_json=as_json)
    is_free = run(lambda: parking.retry(id, wait, answers.take))
    answers.end()
    if not is_free:
        raise typer.Exit(ExitCode.NO)


@app.command()
def discard(
    id: Id,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Kept with the record.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Wait = 15,
) -> None:
    """Give a parked event up for ever; what waits behind it is projected without it.

    The journal keeps the event, but no rebuild will show it. Repeating this does no harm. Exit code 1 where
    something of the aggregate stays parked.
    """
    from stack import parking

    if not run(lambda: parking.discard(id, why, wait, ask=None if yes else typer.confirm)):
        raise typer.Exit(ExitCode.NO)
