"""The journal's database as an operator's command opens it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from write_model.mongo.database import Client, Database, database_of, open_client
from write_model.settings import WriteSettings


@asynccontextmanager
async def open_journal() -> AsyncIterator[tuple[Client, Database]]:
    """The client, and the database that the environment names; neither has been spoken to yet."""
    settings = WriteSettings()
    client = open_client(settings)
    try:
        yield client, database_of(client, settings)
    finally:
        client.close()
