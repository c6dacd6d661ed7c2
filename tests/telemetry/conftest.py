"""One system of which everything is seen: metrics, traces and a line for each request."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.system import System, running_system
from tests.telemetry.receiver import Collector, collecting

PARTS = ("api", "relay", "projector", "worker")


@dataclass(frozen=True)
class Observed:
    """A system, and what it shows."""

    system: System
    collector: Collector

    def lines(self) -> list[dict[str, Any]]:
        """What its processes have logged so far."""
        return [json.loads(line) for line in self.system.log.read_text().splitlines()]

    async def metrics(self, part: str) -> dict[str, Metric]:
        """What a process exports now, by name, counters without `_total`."""
        [url] = [
            line["message"].removeprefix("metrics on ")
            for line in self.lines()
            if line["logger"] == "telemetry.prometheus" and line["service"] == f"orderstream-{part}"
        ]
        async with httpx.AsyncClient() as client:
            response = await client.get(url)
        assert response.status_code == 200
        return {family.name: family for family in text_string_to_metric_families(response.text)}

    async def value(self, part: str, name: str, **labels: str) -> float:
        """The sum of all samples of the name that have these labels."""
        return total(await self.metrics(part), name, **labels)


def total(metrics: dict[str, Metric], name: str, **labels: str) -> float:
    """The sum of all samples of the name that have these labels."""
    samples = [sample for family in metrics.values() for sample in family.samples if sample.name == name]
    return sum(its.value for its in samples if labels.items() <= its.labels.items())


@pytest.fixture(scope="package")
async def observed(mongodb_url: str) -> AsyncIterator[Observed]:
    with TemporaryDirectory(prefix="orderstream-telemetry-") as directory, collecting() as collector:
        settings = {
            "METRICS_PORT": "0",
            "LOG_REQUESTS": "all",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        async with running_system(Path(directory), mongodb_url, "test_telemetry", **settings) as system:
            yield Observed(system, collector)
