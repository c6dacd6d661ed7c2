"""The command line, as a person meets it: what it prints, where, and with which exit code."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from api.auth import Authenticator
from api.settings import ApiSettings
from tests.stack.programs import COMMAND, on_a_terminal
from write_model.contracts.ids import new_id
from write_model.startup import system_clock

SECRET = "a secret of the tests that is long enough"
CUSTOMER = new_id("cus", 7, system_clock(), os.urandom)
PARTS = ("api", "relay", "projector", "expiry", "worker")
NOWHERE = {"MONGODB_URL": "mongodb://127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1/0"}
UNSET = {"MONGODB_URL", "REDIS_URL", "AUTH_SECRET", "HOST", "PORT"}


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def orderstream(tmp_path: Path) -> Run:
    """Run a command in an empty directory."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "stack", *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name not in UNSET} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_version(orderstream: Run) -> None:
    assert orderstream("version").stdout == version("orderstream") + "\n"


def test_help_names_every_command(orderstream: Run) -> None:
    done = orderstream("--help")
    assert done.returncode == 0
    for command in (
        *(*PARTS, "dev", "rebuild", "verify", "token", "schema", "settings", "version"),
        *("parked", "events", "order"),
    ):
        assert f"\n│ {command} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bogus",),
        ("dev", "--bogus"),
        ("api", "--serve", "both"),
        ("token",),
        ("token", "--role", "king"),
        ("parked",),
        ("parked", "retry"),
        ("parked", "retry", "1-1", "--all"),
        ("parked", "discard"),
        ("events", "show", "nonsense"),
        ("events", "tail", "--aggregate", "ord_1"),
        ("events", "tail", "--since", "never"),
        ("order", CUSTOMER),
    ],
)
def test_wrong_usage_is_2_and_says_so_on_stderr(orderstream: Run, arguments: tuple[str, ...]) -> None:
    done = orderstream(*arguments, **NOWHERE)
    assert done.returncode == 2
    assert "Usage: orderstream" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_schema_prints_the_sdl(orderstream: Run) -> None:
    done = orderstream("schema")
    assert done.returncode == 0
    assert "type Mutation {" in done.stdout
    assert done.stderr == ""


def test_a_token_and_nothing_else(orderstream: Run) -> None:
    staff = orderstream("token", "--role", "staff", AUTH_SECRET=SECRET)
    assert staff.stderr == ""
    auth = Authenticator(ApiSettings.model_validate({"auth_secret": SECRET}))
    caller = auth.caller("Bearer " + staff.stdout.removesuffix("\n"))
    assert caller.role == "staff"
    assert caller.scopes == {"commands", "queries"}
    customer = orderstream(
        *("token", "--role", "customer", "--customer", CUSTOMER, "--scope", "queries"), AUTH_SECRET=SECRET
    )
    caller = auth.caller("Bearer " + customer.stdout.removesuffix("\n"))
    assert caller.customer_id == CUSTOMER
    assert caller.scopes == {"queries"}


@pytest.mark.parametrize(
    "arguments",
    [("customer",), ("staff", "--customer", CUSTOMER), ("customer", "--customer", "somebody")],
)
def test_a_token_that_makes_no_sense_is_wrong_usage(orderstream: Run, arguments: tuple[str, ...]) -> None:
    done = orderstream("token", "--role", *arguments, AUTH_SECRET=SECRET)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--customer" in done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_a_part_without_its_settings_says_what_to_set(orderstream: Run, part: str) -> None:
    says = complaint(orderstream(part))
    assert ("MONGODB_URL" if part in ("expiry", "worker") else "REDIS_URL") in says
    assert "not set" in says
    assert "orderstream dev" in says


@pytest.mark.parametrize(("half", "opens_mongodb"), [("commands", True), ("queries", False)])
def test_half_an_api_asks_for_what_that_half_needs(orderstream: Run, half: str, opens_mongodb: bool) -> None:
    says = complaint(orderstream("api", "--serve", half))
    assert "AUTH_SECRET" in says
    assert "REDIS_URL" in says
    assert ("MONGODB_URL" in says) == opens_mongodb


@pytest.mark.parametrize(
    ("command", "environment", "says"),
    [
        ("dev", {"PORT": "eighty"}, "PORT: input should be a valid integer"),
        ("dev", {"PORT": "70000"}, "PORT: input should be less than or equal to 65535"),
        ("dev", {"HOST": "256.1.1.1"}, "HOST=256.1.1.1 is no address of this machine"),
        ("dev", {"HOST": "192.0.2.1"}, "HOST=192.0.2.1 is no address of this machine"),
        ("dev", {"AUTH_SECRET": "short"}, "AUTH_SECRET: value should have at least 32"),
        ("dev", {"PARTITIONS": "0"}, "PARTITIONS: input should be greater than or equal to 1"),
        ("settings", {"CURRENCY": "euro"}, "CURRENCY: string should match pattern"),
        ("token --role staff", {}, "AUTH_SECRET is not set: set it"),
        (
            "settings",
            {"AUTH_SECRET": SECRET, "AUTH_JWKS_URL": "https://id.example.org/keys"},
            "AUTH_SECRET: value error, a server has one source of keys",
        ),
        ("settings", {"AUTH_JWKS_URL": "http://id.example.org/keys"}, "keys are fetched over https://"),
        ("token --role staff", {"AUTH_JWKS_URL": "https://id.example.org/keys"}, "come from the identity provider"),
        ("parked list", {}, "REDIS_URL is not set: set it"),
        (
            "relay",
            {"MONGODB_URL": "http://nonsense", "REDIS_URL": "redis://127.0.0.1:1/0"},
            "MONGODB_URL is not a MongoDB URL",
        ),
        ("api", {"MONGODB_URL": "mongodb://127.0.0.1:1/", "AUTH_SECRET": SECRET}, "REDIS_URL is not set"),
        ("dev", {"MONGODB_URL": "mongodb://u:se/kret@127.0.0.1:1/"}, "MONGODB_URL is not a MongoDB URL"),
        ("projector", {"REDIS_URL": "http://127.0.0.1:1"}, "REDIS_URL is not a Redis URL"),
        ("rebuild", {}, "REDIS_URL is not set"),
        ("verify", {"REDIS_URL": "redis://127.0.0.1:1/0"}, "MONGODB_URL is not set"),
        ("rebuild --partition 8", {"REDIS_URL": "redis://127.0.0.1:1/0"}, "there is no partition 8: they are 0 to 7"),
        ("rebuild", {"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis does not answer as it should"),
        ("events tail", {}, "MONGODB_URL is not set: set it"),
        ("events tail", NOWHERE, "MongoDB does not answer: check MONGODB_URL"),
        ("events show cus_0000000000000000000000000000", NOWHERE, "MongoDB does not answer: check MONGODB_URL"),
        ("plan nothing.graphql", {}, "nothing.graphql: No such file or directory"),
    ],
)
def test_what_is_wrong_with_the_settings_is_one_line(
    orderstream: Run, command: str, environment: dict[str, str], says: str
) -> None:
    assert says in complaint(orderstream(*command.split(), **environment))


def test_a_redis_that_does_not_answer_is_one_line(orderstream: Run) -> None:
    assert "Check REDIS_URL" in complaint(orderstream("parked", "list", REDIS_URL="redis://127.0.0.1:1/0"))


def test_a_mongodb_that_does_not_answer_is_one_line(orderstream: Run) -> None:
    down = {"MONGODB_URL": "mongodb://127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1/0", "AUTH_SECRET": SECRET}
    assert "MongoDB does not answer" in complaint(orderstream("api", **down))


def test_a_directory_that_cannot_be_used_is_one_line(orderstream: Run, tmp_path: Path) -> None:
    (tmp_path / ".orderstream").write_text("")
    assert "a file stands where a directory is needed" in complaint(orderstream("dev", PORT="8"))


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr of a command that could not be done."""
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("orderstream: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_the_plan_of_a_query_can_be_read(orderstream: Run, tmp_path: Path) -> None:
    query = "query Q($id: ID!, $more: Boolean!) { order(id: $id) { id lines @include(if: $more) { sku } } }"
    (tmp_path / "query.graphql").write_text(query)
    whole, less = orderstream("plan", "query.graphql"), orderstream("plan", "query.graphql", "--false", "more")
    assert "# 0: OrderQueries.order, summary, lines\n" in whole.stdout
    assert '"sku":%s' in whole.stdout
    assert "# 0: OrderQueries.order, summary\n" in less.stdout
    (tmp_path / "query.graphql").write_text('subscription { productChanged(productId: "x") { sku } }')
    assert '{"data":{"productChanged":%s}}' in orderstream("plan", "query.graphql").stdout
    nested = "subscription { ordersChanged { order { id } } }"
    for wrong in ("{ order }", "{ order", "mutation { placeOrder }", "{ __schema { description } }", nested):
        (tmp_path / "wrong.graphql").write_text(wrong)
        refused = orderstream("plan", "wrong.graphql")
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)


@pytest.mark.parametrize(("format", "begins"), [("json", "{"), ("console", "20")])
def test_a_part_logs_as_it_is_told(tmp_path: Path, format: str, begins: str) -> None:
    command = [sys.executable, "-P", "-m", "stack", "projector", "--log-format", format]
    environment = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.kill()
    assert "partitions to share" in line
    assert line.startswith(begins)


def test_a_port_for_metrics_that_is_taken_is_one_line(orderstream: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = orderstream("projector", REDIS_URL="redis://127.0.0.1:1/0", METRICS_PORT=str(port))
    assert f"METRICS_PORT={port}, METRICS_HOST=127.0.0.1: Address already in use" in complaint(done)


def test_a_port_that_is_taken_is_one_line(orderstream: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = orderstream("api", **NOWHERE, AUTH_SECRET=SECRET, PORT=str(port))
    assert f"port {port} on 127.0.0.1 is taken: stop what listens there, or choose another" in complaint(done)


def test_traces_that_nothing_can_send_are_one_line(orderstream: Run, tmp_path: Path) -> None:
    (tmp_path / "opentelemetry").mkdir()
    absent = "raise ModuleNotFoundError(\"No module named 'opentelemetry.sdk'\", name='opentelemetry.sdk')"
    (tmp_path / "opentelemetry" / "sdk.py").write_text(absent)
    (tmp_path / "opentelemetry" / "context.py").write_text(absent)
    environment = {"PYTHONPATH": str(tmp_path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    says = complaint(orderstream("projector", **NOWHERE, **environment))
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set" in says
    assert "pip install 'orderstream[tracing]'" in says


@pytest.mark.parametrize(
    ("arguments", "meant"), [(("evnts",), "events"), (("parked", "lst"), "list"), (("settings", "--jsn"), "--json")]
)
def test_a_typing_error_is_told_what_was_meant(orderstream: Run, arguments: tuple[str, ...], meant: str) -> None:
    done = orderstream(*arguments)
    assert done.returncode == 2
    assert meant in done.stderr.partition("Error")[2]


@pytest.mark.parametrize(
    ("shell", "words", "wanted"),
    [
        ("bash", "orderstream ev", "events"),
        ("zsh", "orderstream events t", "tail"),
        ("fish", "orderstream events tail --type OrderP", "OrderPlaced"),
    ],
)
def test_a_shell_completes_commands_and_events(orderstream: Run, shell: str, words: str, wanted: str) -> None:
    last = words.rpartition(" ")[2]
    asked = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {
            "_TYPER_COMPLETE_ARGS": words,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_TYPER_COMPLETE_WORD": last,
        },
    }[shell]
    assert wanted in orderstream(_ORDERSTREAM_COMPLETE=f"complete_{shell}", **asked).stdout


@pytest.mark.parametrize("command", ["schema", "version"])
def test_a_reader_that_has_gone_is_no_failure_of_ours(tmp_path: Path, command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *command.split()], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_colours_are_for_terminals(orderstream: Run, tmp_path: Path) -> None:
    refused = ("rebuild", "--partition", "8")
    assert "\x1b[1;31morderstream:\x1b[0m there is no partition 8" in on_a_terminal(tmp_path, NOWHERE, *refused)
    assert "\x1b" not in orderstream(*refused, **NOWHERE).stderr
    plain = on_a_terminal(tmp_path, {**NOWHERE, "NO_COLOR": "1"}, *refused)
    assert "orderstream:" in plain
    assert not re.search("\x1b\\[[0-9;]*3[0-7]m", plain)
    assert "\x1b[" in on_a_terminal(tmp_path, {}, "--help")


def test_long_work_has_a_bar_on_a_terminal_and_lines_elsewhere(tmp_path: Path) -> None:
    work = """
from stack.progress import Work
with Work() as work:
    for done in range(1, 4): work.show("Working", done, 3)
"""
    command = [sys.executable, "-c", work]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (elsewhere.stdout, elsewhere.stderr) == ("", "Working: 1 of 3\n")
    shown = on_a_terminal(tmp_path, {}, program=command)
    assert "Working" in shown
    assert "3/3" in shown
