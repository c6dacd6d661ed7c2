"""The dashboard and the alerts ask for what the processes export, in words that Prometheus understands."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from api.compiled.answers import Answers
from api.metrics import of_edge
from api.observation import Observation
from api.schema import schema
from api.settings import ApiSettings
from tests.system import SECRET
from tests.telemetry.conftest import PARTS, Observed

OPERATIONS: Final = Path(__file__).parents[2] / "docs" / "operations"
ALERTS: Final[list[dict[str, Any]]] = [
    rule for group in yaml.safe_load((OPERATIONS / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
PANELS: Final[list[dict[str, Any]]] = [
    panel for panel in json.loads((OPERATIONS / "dashboard.json").read_text())["panels"] if panel["type"] != "row"
]
SUFFIXES: Final = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
NOT_OURS: Final = {"up"}
"""Prometheus makes it of each scrape."""


def expressions() -> list[str]:
    """All of them, with a time where Grafana puts one."""
    of_panels = [target["expr"] for panel in PANELS for target in panel["targets"]]
    return [
        *(rule["expr"] for rule in ALERTS),
        *(text.replace("$__rate_interval", "1m") for text in of_panels),
    ]


def selectors(text: str) -> Iterator[tuple[str, set[str]]]:
    """The metrics in an expression, each with the labels that it has to have."""
    # As the parser writes it, a selector always has braces, and `by` stands before them. None asks for two metrics by
    # different labels.
    parsed = str(promql_parser.parse(text))
    grouped = {label for labels in re.findall(r"by \(([^)]*)\)", parsed) for label in labels.split(", ")}
    for name, matchers in re.findall(r"([a-z_]+)\{([^}]*)\}", parsed):
        yield name, grouped | set(re.findall(r"([a-z_]+)\s*[=!]", matchers))


@pytest.mark.parametrize("text", expressions())
def test_prometheus_understands_it(text: str) -> None:
    assert list(selectors(text))


def test_every_alert_says_what_is_wrong_and_how_bad_that_is() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}


def test_every_panel_has_a_place_of_its_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS}) == len(PANELS)
    assert all(panel["title"] and panel["targets"] for panel in PANELS)


async def test_what_an_alert_waits_for_the_first_of_is_there_before() -> None:
    """A series that begins with 1 has no increase: Prometheus must have seen it at 0."""
    settings = ApiSettings.model_validate({"auth_secret": SECRET})
    collect = of_edge(Observation(settings), Answers(schema, settings))
    at_first = {metric.name: metric for metric in await collect()}
    awaited = [
        found
        for rule in ALERTS
        if rule["expr"].endswith("> 0")
        for found in re.findall(r"(?:increase|rate)\(([a-z_]+)\{([^}]*)\}", str(promql_parser.parse(rule["expr"])))
    ]
    assert ("orderstream_faults_total", "") in awaited
    for name, matchers in awaited:
        assert matchers == "", "which labels there will be is not known at first"
        assert at_first[name].rows == [((), 0)]


async def test_what_is_asked_for_is_exported(observed: Observed) -> None:
    async with observed.system.staff as staff:
        await staff.place_order(await staff.register_customer(), await staff.add_product())
    exported: dict[str, set[str]] = {}
    for part in PARTS:
        for family in (await observed.metrics(part)).values():
            labels = {label for sample in family.samples for label in sample.labels}
            for suffix in SUFFIXES[family.type]:
                exported.setdefault(family.name + suffix, {"job", "instance"}).update(labels)
    asked = {(name, label) for text in expressions() for name, labels in selectors(text) for label in ("job", *labels)}
    missing = {(name, label) for name, label in asked if name not in NOT_OURS and label not in exported.get(name, ())}
    assert not missing
    # And what is exported is looked at: a number that nobody sees need not be counted.
    ours = {name.rpartition("_")[0] if name.endswith(("_sum", "_count")) else name for name in exported}
    seen = {name.removesuffix(suffix) for name, _ in asked for suffix in ("", "_bucket", "_sum", "_count")}
    unseen = {name for name in ours if name.startswith("orderstream_")} - seen
    assert unseen == set(), unseen
