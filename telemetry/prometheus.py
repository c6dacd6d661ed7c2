"""`/metrics`, as Prometheus reads it, on a port of its own and in a thread of its own."""

import logging
from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from telemetry.distribution import Distribution
from telemetry.metrics import Exported, Metric

_log = logging.getLogger(__name__)


class _Exported(Collector):
    """What is exported, in the library's words, beside the library's own metrics of the process."""

    def __init__(self, exported: Exported) -> None:
        self._exported = exported

    def describe(self) -> Iterable[Family]:
        """Nothing: the registry would collect everything to find out, before there is anything."""
        return ()

    def collect(self) -> Iterator[Family]:
        return map(family_of, self._exported.collect())


def serve(exported: Exported, host: str, port: int) -> None:
    """Until the process ends; OSError where the address cannot be had."""
    REGISTRY.register(_Exported(exported))
    try:
        server, _ = start_http_server(port, host)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"METRICS_PORT={port}, METRICS_HOST={host}") from None
    _log.info("metrics on http://%s:%d/metrics", host, server.server_port)


def family_of(metric: Metric) -> Family:
    """The metric as the library writes it."""
    kind, name, meaning, labels, rows = metric
    if kind == "histogram":
        histograms = HistogramMetricFamily(name, meaning, labels=labels)
        for values, value in rows:
            assert isinstance(value, Distribution)
            bounds = [*map(floatToGoString, value.bounds), "+Inf"]
            histograms.add_metric(values, list(zip(bounds, accumulate(value.counts), strict=True)), value.sum)
        return histograms
    family = (CounterMetricFamily if kind == "counter" else GaugeMetricFamily)(name, meaning, labels=labels)
    for values, value in rows:
        assert not isinstance(value, Distribution)
        family.add_metric(values, value)
    return family
