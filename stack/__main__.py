"""The command line, `orderstream`: every command, each with what it needs and no more imported."""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from stack import parked
from stack.console import complain
from stack.events import command as events
from stack.execution import run as execute
from stack.exit_codes import ExitCode
from stack.operator_error import OperatorError

RUN, LOOK, MEND, BUILD = "Run it", "Look into it", "Look after it", "Build on it"


class _Commands(TyperGroup):
    """Sees to how a command ends that somebody else ended."""

    def invoke(self, ctx: Any) -> Any:
        """Quietly, where its reader has gone or Ctrl-C was pressed."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
            raise typer.Exit(ExitCode.NO_READER) from None
        except KeyboardInterrupt:
            os._exit(ExitCode.INTERRUPTED)  # a thread that waits for MongoDB would hold up every other way out


app = typer.Typer(
    name="orderstream",
    cls=_Commands,
    help="An order backend: GraphQL on strict CQRS, with MongoDB and Redis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="All configuration is in environment variables: `orderstream settings` shows them. Exit codes: 0 done, "
    "1 the answer is no, 2 wrong usage, 3 it could not be done, 130 Ctrl-C.",
)
app.add_typer(events.app, rich_help_panel=LOOK)
app.add_typer(parked.app, rich_help_panel=MEND)

LogFormat = Annotated[
    Literal["json", "console"] | None, typer.Option(help="How to log; JSON where stderr is no terminal.")
]


@app.command(rich_help_panel=RUN)
def dev(
    demo: Annotated[bool, typer.Option(help="Load demo data into an empty database.")] = True,
) -> None:
    """Run everything on this machine until Ctrl-C: databases, API, relay, projector, expiry, worker.

    HOST and PORT say where the API listens. With MONGODB_URL or REDIS_URL set, no database of that kind is started.
    Data are kept in .orderstream in this directory.
    """
    from stack.dev import run
    from stack.discovery import WORKSPACE
    from stack.settings import DevSettings
    from stack.workspace import Workspace

    run(DevSettings(), Workspace(WORKSPACE), with_demo=demo)


@app.command(rich_help_panel=RUN)
def api(
    serve: Annotated[
        Literal["all", "commands", "queries"] | None,
        typer.Option(help="Only this half, instead of what SERVE says; queries need no MongoDB."),
    ] = None,
    forwarded_allow_ips: Annotated[
        str | None, typer.Option(metavar="LIST", help="Proxies to trust, instead of FORWARDED_ALLOW_IPS.")
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="Manifest of the documents to answer, and no others; see DOCUMENTS.")
    ] = None,
    log_format: LogFormat = None,
) -> None:
    """Serve GraphQL over HTTP and WebSocket; any number may run."""
    given = {"SERVE": serve, "FORWARDED_ALLOW_IPS": forwarded_allow_ips, "DOCUMENTS": documents}
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    _prepare("api", log_format)
    from api.__main__ import main
    from api.settings import ApiSettings
    from stack.address import must_be_free

    settings = ApiSettings()
    must_be_free(settings.host, settings.port)

    main()


@app.command(rich_help_panel=RUN)
def relay(log_format: LogFormat = None) -> None:
    """Publish committed events to the streams; one works, others stand by."""
    _prepare("relay", log_format)
    from write_model.relay.__main__ import main

    main()


@app.command(rich_help_panel=RUN)
def projector(log_format: LogFormat = None) -> None:
    """Project events into the read model; any number share the partitions."""
    _prepare("projector", log_format)
    from projector.__main__ import main

    main()


@app.command(rich_help_panel=RUN)
def expiry(log_format: LogFormat = None) -> None:
    """Cancel orders that nobody confirmed in time; any number may run."""
    _prepare("expiry", log_format)
    from write_model.expiry.__main__ import main

    main()


@app.command(rich_help_panel=RUN)
def worker(log_format: LogFormat = None) -> None:
    """Run queued commands; one works, others stand by."""
    _prepare("worker", log_format)
    from write_model.worker.__main__ import main

    main()


@app.command(rich_help_panel=LOOK)
def order(
    id: Annotated[str, typer.Argument(metavar="ID", help="The order's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show an order's state in MongoDB, its row in Redis and its events side by side, and whether they agree.

    Where the row is behind, it says by how much and what it waits for. Exit code 1 where they do not agree.
    """
    from stack.order.command import run

    sys.exit(execute(lambda: run(id, as_json=as_json)))


@app.command(rich_help_panel=MEND)
def rebuild(
    partition: Annotated[int | None, typer.Option(min=0, metavar="N", help="Only this one; else all.")] = None,
    rate: Annotated[float | None, typer.Option(min=1, metavar="N", help="Replay at most N events a second.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Make the read model anew from the journal, beside the one that serves, and switch to it when it is complete.

    Relay and projector do the work; this asks for it and shows how far it is. Interrupted, it may be run again: the
    rebuild goes on meanwhile. Exit code 1 where a partition was not rebuilt.
    """
    _prepare("projector")
    from stack.rebuild import run

    sys.exit(run(partition, rate, as_json=as_json))


@app.command(rich_help_panel=MEND)
def verify(
    partition: Annotated[int | None, typer.Option(min=0, metavar="N", help="Of the read model only this one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Fold the journal again, and compare it with every aggregate and all of the read model.

    Everything goes on meanwhile; one partition at a time is held for moments. Exit code 1 where something differs.
    """
    _prepare("relay")
    from stack.verify.command import run

    sys.exit(run(partition, as_json=as_json))


@app.command(rich_help_panel=BUILD)
def token(
    role: Annotated[Literal["staff", "customer"], typer.Option(help="For whom it speaks.")],
    customer: Annotated[str | None, typer.Option(metavar="ID", help="The customer, with --role customer.")] = None,
    scope: Annotated[
        Literal["commands", "queries"] | None, typer.Option(help="What alone it is good for; without it, both.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.01, max=876_000, help="How long it is valid.")] = 24 * 30,
) -> None:
    """Print a bearer token, and nothing else."""
    if (role == "customer") != (customer is not None):
        raise typer.BadParameter("goes with --role customer, and only with that", param_hint="--customer")
    _supply()
    from api.auth import BOTH, issue_token
    from api.settings import ApiSettings

    secret = ApiSettings().auth_secret
    if secret is None:
        raise OperatorError("AUTH_JWKS_URL is set: the tokens of this server come from the identity provider")
    try:
        issued = issue_token(
            secret.get_secret_value(), role, customer, round(hours * 3600), scopes=(scope,) if scope else BOTH
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--customer") from error
    typer.echo(issued)


@app.command(rich_help_panel=BUILD)
def schema(
    events: Annotated[bool, typer.Option("--events", help="The event streams instead, as AsyncAPI.")] = False,
) -> None:
    """Print what is published: the GraphQL schema as SDL, or the event streams as an AsyncAPI document."""
    from stack import published

    typer.echo(published.streams() if events else published.graphql())


@app.command(rich_help_panel=BUILD)
def plan(
    document: Annotated[Path, typer.Argument(help="A file with a GraphQL operation, or - for stdin.", allow_dash=True)],
    operation: Annotated[str | None, typer.Option(metavar="NAME", help="Which, where there are several.")] = None,
    false: Annotated[
        list[str] | None, typer.Option(metavar="VARIABLE", help="False in @skip and @include; others are true.")
    ] = None,
) -> None:
    """Print how an operation is answered: what it reads or sends, and the code that writes its answer or events."""
    from stack.plan import explain

    text = sys.stdin.read() if str(document) == "-" else document.read_text(encoding="utf-8")
    typer.echo(explain(text, operation, set(false or ())))


@app.command(rich_help_panel=LOOK)
def settings(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show every setting that is in force, by package; secrets are masked."""
    supplied = _supply()
    from stack.configuration import settings_in_force
    from stack.configuration_table import show

    show(settings_in_force(supplied), as_json=as_json)


@app.command(rich_help_panel=LOOK)
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    typer.echo(version_of("orderstream"))


def _prepare(part: str, log_format: str | None = None) -> None:
    if log_format:
        os.environ["LOG_FORMAT"] = log_format
    _supply()
    from stack.configuration import require

    require(part)


def _supply() -> set[str]:
    from stack.discovery import supply_environment

    return supply_environment()


def main() -> None:
    """Run the command line. What the operator can mend is one line on stderr; a fault of ours has its traceback."""
    try:
        app(prog_name="orderstream")
    except OperatorError as error:
        complain(str(error))
    except Exception as error:
        from stack.failures import as_line

        line = as_line(error)
        if line is None:
            traceback.print_exc()
        else:
            complain(line)
    sys.exit(ExitCode.FAILED)


if __name__ == "__main__":
    main()
