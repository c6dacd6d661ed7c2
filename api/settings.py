"""The edge's configuration, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ApiSettings(BaseSettings):
    """What an `api` process must be told, beside what its two models must be (WriteSettings, ReadSettings)."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    auth_secret: SecretStr = Field(
        min_length=32, description="Secret that bearer tokens are signed with (HS256), 32 characters or more."
    )
    anonymous_staff: bool = Field(
        False, description="Answer requests from this machine that carry no token as staff; for development only."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins, separated by commas, of the web pages on other hosts that may use the API."
    )
    stale_read_timeout_ms: int = Field(
        5_000, ge=0, le=60_000, description="How long a read waits for what `consistentWith` names."
    )
    max_body_bytes: int = Field(1 << 20, ge=1_024, description="Largest body of an HTTP request.")
    max_message_bytes: int = Field(1 << 20, ge=1_024, description="Largest message on a WebSocket.")
    max_requests: int = Field(
        2_000, ge=1, description="HTTP requests that may be in flight at once; more are UNAVAILABLE (503)."
    )
    max_sockets: int = Field(
        5_000, ge=1, description="WebSockets that may be open at once; more are UNAVAILABLE (503)."
    )
    max_operations_per_socket: int = Field(100, ge=1, description="Operations that one WebSocket may run at once.")
    shutdown_notice_seconds: float = Field(
        3.0, ge=0, description="How long after SIGTERM `/readyz` says 503 while everything is still served."
    )

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
