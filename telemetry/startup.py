"""The first thing that a process does. What is off is not even imported."""

import os
import secrets
import socket
from datetime import UTC, datetime

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


def process_name() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def about(part: str, name: str) -> dict[str, str | int]:
    """What the process of that part and name says of itself beside its statistics."""
    started = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": name, "part": part, "host": socket.gethostname(), "pid": os.getpid(), "started_at": started}
