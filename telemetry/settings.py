"""How a process shows itself to operators, from environment variables."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TelemetrySettings(BaseSettings):
    """What every process may be told. The traces' exporter and sampler read their own standard variables besides."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    log_format: Literal["json", "console"] | None = Field(
        None, description="`json` or `console`; unless set, JSON where stderr is no terminal."
    )
    metrics_host: str = Field("127.0.0.1", description="Address on which a process shows its metrics.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of `/metrics`, each process has its own; 0 takes a free one and logs it. Unset: no metrics.",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="Where traces go, by OTLP over HTTP, as in `http://collector:4318`. Unset: no traces."
    )
