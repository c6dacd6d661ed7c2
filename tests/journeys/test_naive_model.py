"""The naive model imports nothing of ours, and says what it does not know."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from tests.journeys.naive.shop import Shop

ROOT: Final = Path(__file__).parents[2]
OURS: Final = {"api", "write_model", "read_model", "projector", "stack", "telemetry"}
MODULES: Final = sorted((ROOT / "tests" / "journeys" / "naive").glob("*.py"))


def imported(source: str) -> set[str]:
    """The modules that a source names in its imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def ours_behind(source: str) -> set[str]:
    """What a source imports of ours, itself or by way of other modules of the tests."""
    found, waiting, seen = set(), imported(source), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        file = ROOT / f"{name.replace('.', '/')}.py"
        if name.partition(".")[0] in OURS:
            found.add(name)
        elif name.startswith("tests.") and file.exists():
            waiting |= imported(file.read_text(encoding="utf-8")) - seen
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_it_imports_nothing_of_ours(module: Path) -> None:
    assert ours_behind(module.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "planted",
    [
        "import read_model.pages",
        "from projector.projections import sales",
        "def late():\n    from api.orders.types import Order",
        "from write_model.contracts import money as cents",
        "import tests.system",
        "from tests.read_model import projected",
    ],
)
def test_an_import_of_ours_would_be_seen(planted: str) -> None:
    assert ours_behind(f"{MODULES[-1].read_text(encoding='utf-8')}\n{planted}\n")


@pytest.mark.parametrize("kind", ["cus", "prd", "ord", "new"])
def test_an_event_that_it_does_not_know_is_an_error_and_not_passed_over(kind: str) -> None:
    happened = {
        "aggregate_id": f"{kind}_1",
        "version": 1,
        "type": "SomethingNew",
        "occurred_at": datetime(2026, 11, 20, tzinfo=UTC),
        "data": {"customer_id": "cus_1", "currency": "EUR"},
    }
    with pytest.raises(ValueError, match="naive model"):
        Shop.after([happened], "EUR")
