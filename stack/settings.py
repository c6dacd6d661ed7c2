"""What `orderstream dev` reads from the environment; everything else is the parts' own configuration."""

import ipaddress

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DevSettings(BaseSettings):
    """Where the API listens, and servers to use instead of embedded ones."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address on which the API listens.")
    port: int = Field(8000, ge=1, le=65535, description="Port on which the API listens.")
    mongodb_url: SecretStr | None = Field(None, description="MongoDB replica set to use instead of an embedded one.")
    redis_url: SecretStr | None = Field(None, description="Redis to use instead of an embedded one.")
    auth_jwks_url: str | None = Field(None, description="Keys of the tokens of an identity provider, if it has them.")
    auth_secret: SecretStr | None = Field(None, description="Key of the tokens; one is made where none is given.")
    metrics_port: int | None = Field(
        None, ge=0, le=65531, description="Port of the API's metrics; relay, projector, expiry, worker have the next."
    )
    shutdown_seconds: int = Field(10, ge=1, description="How long a part may finish what it took.")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the API."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
