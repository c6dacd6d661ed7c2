"""The first thing that a process does. What is off is not even imported."""

from telemetry import logs, metrics, tracing
from telemetry.settings import TelemetrySettings


def start(part: str) -> None:
    """Logs, and where they are wanted metrics and traces, of a process that does this part of the work."""
    settings, service = TelemetrySettings(), f"orderstream-{part}"
    logs.start(settings.log_format, service)
    if settings.metrics_port is not None:
        from telemetry.prometheus import serve

        serve(metrics.start(), settings.metrics_host, settings.metrics_port)
    if settings.otel_exporter_otlp_endpoint:
        from telemetry.otlp import OtlpTracer

        tracing.start(OtlpTracer(service))
