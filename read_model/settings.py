"""The query side's configuration, from environment variables."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReadSettings(BaseSettings):
    """What every process that answers queries must be told."""

    model_config = SettingsConfigDict(frozen=True)

    redis_url: SecretStr = Field(
        description="Redis that holds the read model. Worker and expiry only tell their statistics there."
    )
    partitions: int = Field(
        8, ge=1, le=1024, description="Streams to spread the events over; the first start fixes it."
    )
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="The shop's one currency, ISO 4217."
    )
    read_timeout_seconds: float = Field(2.0, gt=0, description="Patience with one round trip to Redis.")
    reads_in_flight: int = Field(1_000, ge=1, description="Reads of Redis under way; more are UNAVAILABLE.")
    token_waits: int = Field(
        2_000, ge=1, description="Requests that may wait for a consistency token at once; more are UNAVAILABLE."
    )
    subscriptions: int = Field(
        10_000, ge=1, description="Subscriptions that one process may serve; more are UNAVAILABLE."
    )
    feed_block_seconds: float = Field(
        1.0, gt=0, description="Silence of a feed after which its follower compares positions."
    )
    feed_batch: int = Field(500, ge=1, description="Feed entries taken at once.")
    subscriber_buffer: int = Field(
        1_000, ge=1, description="Changes that may wait for one subscriber; more end it with SLOW_CONSUMER."
    )
    silence_seconds: float = Field(
        10.0, gt=0, description="A partition whose position stands still for longer is not ready."
    )
