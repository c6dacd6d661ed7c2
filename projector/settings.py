"""The projector's configuration, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProjectorSettings(BaseSettings):
    """What `projector` must be told."""

    model_config = SettingsConfigDict(frozen=True)

    redis_url: SecretStr = Field(description="Redis that holds the streams and the read model.")
    partitions: int = Field(8, ge=1, le=1024, description="Streams that the events are spread over; as the relay's.")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="The shop's one currency, ISO 4217."
    )
    feed_retention_seconds: int = Field(
        600, ge=1, description="How far back a subscription can resume from the change feed."
    )
    shutdown_seconds: int = Field(
        10, ge=1, description="How long a process may finish what it took after SIGTERM; then it is cut off."
    )
