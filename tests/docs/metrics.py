"""The page of metrics, read from the source of each package's `metrics.py`, where each is named once."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("api/metrics.py", "write_model/metrics.py", "read_model/metrics.py", "projector/metrics.py")
TEXT: Final = """\
# Metrics

What a process shows at `/metrics`, where `METRICS_PORT` is set, beside what every Python process shows.
[Which to look at](../operations/watching.md).

| metric | kind | labels | what it is |
|---|---|---|---|
"""


class Described(NamedTuple):
    kind: str
    name: str
    meaning: str
    labels: tuple[str, ...]


def page() -> str:
    """Markdown: a row for each metric."""
    rows = (
        f"| `{it.name}` | {it.kind} | {', '.join(f'`{label}`' for label in it.labels)} | {it.meaning} |\n"
        for it in sorted(described(), key=lambda it: it.name)
    )
    return TEXT + "".join(rows)


def described() -> Iterator[Described]:
    """Every call that makes a metric; its words are known before anything is counted."""
    for source in SOURCES:
        module = importlib.import_module(source.removesuffix(".py").replace("/", "."))
        tree = ast.parse((ROOT / source).read_text())
        words = _Words(tree, vars(module))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            match call:
                case ast.Call(func=ast.Name(id="Metric"), args=[kind, name, meaning, labels, _]):
                    yield Described(*map(words.read, (kind, name, meaning, labels)))
                case ast.Call(func=ast.Name(id="gauge" | "counter" | "histogram" as made), args=[name, meaning, _]):
                    yield Described(made, words.read(name), words.read(meaning), ())


class _Words(dict[str, Any]):
    """Names that a module's functions give to what they say, beside those of the module."""

    def __init__(self, tree: ast.Module, names: dict[str, Any]) -> None:
        self._names = names
        self._assigned = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def read(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "metrics.py", "eval"), self._names, self)

    def __missing__(self, name: str) -> Any:
        return self.read(self._assigned[name])
