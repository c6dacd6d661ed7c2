"""Histories as verify reads them: each whole and in order, however long it is and whatever is missing."""

from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import MongoClient

from stack.verify import history as module
from stack.verify.history import histories, history
from write_model.mongo.database import JOURNAL, database_of, open_client
from write_model.settings import WriteSettings

LONG, SHORT, HURT = "ord_long", "ord_short", "ord_hurt"
VERSIONS = {
    LONG: range(1, 123),
    SHORT: range(1, 3),
    HURT: [version for version in range(1, 40) if version not in (9, 20)],
}


@pytest.fixture
def settings(mongodb_url: str, database: str) -> WriteSettings:
    with MongoClient[dict[str, Any]](mongodb_url) as client:
        client[database][JOURNAL].insert_many(
            {"_id": f"{id}@{version}", "aggregate_id": id, "version": version, "other": "not read"}
            for id, versions in VERSIONS.items()
            for version in versions
        )
    return WriteSettings(mongodb_url=SecretStr(mongodb_url), mongodb_database=database)


@pytest.mark.parametrize("kept", [1, 10, 1_000])
async def test_every_history_comes_once_ascending(
    settings: WriteSettings, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", kept)
    client = open_client(settings)
    try:
        found = {}
        async for id, documents in histories(database_of(client, settings)):
            assert id not in found
            found[id] = [document["version"] async for document in documents]
    finally:
        client.close()
    assert found == {id: list(versions) for id, versions in VERSIONS.items()}


async def test_a_history_whose_beginning_is_missing_is_read_from_where_it_begins(settings: WriteSettings) -> None:
    client = open_client(settings)
    try:
        database = database_of(client, settings)
        await database[JOURNAL].delete_many({"aggregate_id": LONG, "version": {"$lt": 100}})
        assert [document["version"] async for document in history(database, LONG)] == list(range(100, 123))
    finally:
        client.close()
