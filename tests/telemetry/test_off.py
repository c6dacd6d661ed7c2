"""What is off costs nothing, and what is on holds nothing up."""

import os
import subprocess
import sys

# redis-py looks at the SDK of OpenTelemetry by itself, where it is installed.
LOADED = """
import sys
import api.__main__, projector.__main__, write_model.relay.__main__, write_model.worker.__main__
from telemetry.startup import start
start("api")
print([name for name in sys.modules if name.startswith(("prometheus_client", "opentelemetry.exporter", "requests"))])
"""
TRACED = """
from telemetry import tracing
from telemetry.startup import start
start("api")
for _ in range(5_000):
    with tracing.span("a", f"00-{1:032x}-{1:016x}-01"):
        pass
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )


def test_what_is_off_is_not_even_imported() -> None:
    assert run(LOADED).stdout == "[]\n"
    assert "prometheus_client" in run(LOADED, METRICS_PORT="0").stdout


def test_a_collector_that_is_gone_holds_no_process_up() -> None:
    # The SDK by itself would try for half a minute.
    done = run(TRACED, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", NO_PROXY="*")
    assert "Max retries exceeded" in done.stderr
