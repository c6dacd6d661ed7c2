"""The command side's configuration, from environment variables."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from write_model.ports import Terms


class WriteSettings(BaseSettings):
    """What `api`, `relay` and every other process that opens MongoDB must be told."""

    model_config = SettingsConfigDict(frozen=True)

    mongodb_url: SecretStr = Field(description="MongoDB replica set that keeps aggregates and journal.")
    mongodb_database: str = Field("orderstream", description="Name of the database.")
    partitions: int = Field(
        8, ge=1, le=1024, description="Streams to spread the events over; the first start fixes it."
    )
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="The shop's one currency, ISO 4217."
    )
    confirmation_window_seconds: int = Field(
        1_800, ge=1, description="Time to confirm an order in; after that the system cancels it."
    )
    commit_batch: int = Field(256, ge=1, description="Commands that one transaction may hold.")
    commit_events: int = Field(2_000, ge=1, description="Events after which a transaction takes no further command.")
    commands_waiting: int = Field(2_000, ge=1, description="Commands that may wait for a commit; more are UNAVAILABLE.")
    commands_queued: int = Field(
        50_000, ge=1, description="Queued commands that may wait for a worker; more are UNAVAILABLE."
    )
    command_timeout_seconds: float = Field(10.0, gt=0, description="Patience with conflicts and a slow MongoDB.")

    shutdown_seconds: int = Field(
        10, ge=1, description="How long a process may finish what it took after SIGTERM; then it is cut off."
    )

    @property
    def terms(self) -> Terms:
        """The shop's terms."""
        return Terms(self.currency, timedelta(seconds=self.confirmation_window_seconds))


class WorkerSettings(WriteSettings):
    """What worker and expiry may be told besides."""

    redis_url: SecretStr | None = Field(None, description="Redis where they tell their statistics; without it, nobody.")


class RelaySettings(WriteSettings):
    """What the relay must be told besides."""

    redis_url: SecretStr = Field(description="Redis that holds the streams.")
    stream_retention_seconds: int = Field(3_600, ge=0, description="Age at which projected events leave the streams.")
