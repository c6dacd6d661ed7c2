"""What was measured, all of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from tests.bench.fanout import Delivery
from tests.bench.growth import Grown
from tests.bench.hostile import Beside
from tests.bench.pages import Opened
from tests.bench.projection import Rebuilt
from tests.bench.rounds import Result, Spread


@dataclass
class Report:
    """All of it. `servers`: what each is; `skipped`: why some did not take part; `limits`: rates a second;
    `memory`: bytes of Redis an order."""

    conditions: dict[str, str] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    beside: list[Beside] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    growth: list[Grown] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    rebuilt: Rebuilt | None = None
    skipped: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> str:
        """The same for programs; named tuples are objects."""
        return json.dumps(_plain(self), indent=1, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Spread):
        return {name: _plain(figure) for name, figure in value._asdict().items()}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
