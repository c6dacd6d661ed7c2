"""The arrows of the house hold; and each contract that says so is seen failing, in a copy where it is broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

# For every contract, by its id, imports that must turn it red: file, line.
PLANTS = {
    "write-layers": [
        ("write_model/products/product.py", "import write_model.orders.order"),
        ("write_model/customers/customer.py", "import write_model.products.product"),
        ("write_model/commands.py", "import write_model.dispatch"),
        ("write_model/contracts/ids.py", "import write_model.rejection"),
        ("write_model/stray.py", "# a module that has no place in the layers"),
    ],
    "read-model": [
        ("read_model/pages.py", "import write_model.ports"),
        ("read_model/pages.py", "import projector.store"),
        ("read_model/pages.py", "import pymongo"),
    ],
    "write-model": [("write_model/dispatch.py", "import read_model.pages")],
    "projector": [
        ("projector/store.py", "import write_model.ports"),
        ("projector/store.py", "import read_model.pages"),
        ("projector/store.py", "import api.errors"),
    ],
    "leaves": [
        ("write_model/contracts/streams.py", "import redis"),
        ("read_model/schema/keys.py", "import pymongo"),
    ],
    "pure-decisions": [
        ("write_model/orders/order.py", "import pymongo"),
        ("write_model/dispatch.py", "import motor"),
        ("projector/projections/orders.py", "import redis"),
    ],
    "reads": [("api/orders/mutations.py", "import read_model.pages")],
    "commands": [
        ("api/orders/queries.py", "import write_model.ports"),
        ("api/orders/types.py", "import write_model.orders.place_order"),
    ],
    "mongo": [("api/context.py", "import write_model.mongo.loader")],
    "circles": [("read_model/schema/keys.py", "import read_model.listings\nimport read_model.schema.orders")],
    "aggregates": [("api/orders/mutations.py", "import write_model.orders.order")],
    "stack": [("api/app.py", "import stack.settings")],
    "telemetry": [
        ("telemetry/metrics.py", "import write_model.contracts.streams"),
        ("telemetry/logs.py", "import redis"),
    ],
    "prometheus": [
        ("api/metrics.py", "import prometheus_client"),
        ("telemetry/metrics.py", "from prometheus_client import Counter"),
    ],
    "traces": [
        ("write_model/outcomes.py", "from opentelemetry import trace"),
        ("telemetry/tracing.py", "import opentelemetry.sdk.trace"),
    ],
    "motor": [("write_model/startup.py", "import motor.motor_asyncio")],
    "redis": [("api/context.py", "import redis.asyncio")],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    copy = tmp_path_factory.mktemp("house")
    for package in CONFIGURATION["root_packages"]:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint(house: Path, contract: str | None = None) -> tuple[int, str]:
    """Exit code and output of import-linter over the copy; its cache keeps the second run short."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-logo"]
    done = subprocess.run(
        [*command, *(("--contract", contract) if contract else ())],
        cwd=house,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_arrows_hold(house: Path) -> None:
    exit_code, output = lint(house)
    assert exit_code == 0, output


def test_every_contract_has_a_plant() -> None:
    assert {contract["id"] for contract in CONFIGURATION["contracts"]} == set(PLANTS)


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        pytest.param(contract, file, line, id=f"{contract}-{number}")
        for contract, plants in PLANTS.items()
        for number, (file, line) in enumerate(plants, 1)
    ],
)
def test_a_planted_violation_turns_its_contract_red(house: Path, contract: str, file: str, line: str) -> None:
    planted = house / file
    original = planted.read_text() if planted.exists() else None
    planted.write_text(f"{original or ''}\n{line}\n")
    try:
        exit_code, output = lint(house, contract)
    finally:
        if original is None:
            planted.unlink()
        else:
            planted.write_text(original)
    assert exit_code == 1, output
    assert "BROKEN" in output, output
