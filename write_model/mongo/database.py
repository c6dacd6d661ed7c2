"""The connection to MongoDB: majority everywhere, and the names of the collections that are nobody's aggregate."""

from typing import Any, Final

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from write_model.mongo.connections import Connections
from write_model.settings import WriteSettings

Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]
Database = AsyncIOMotorDatabase[Document]

APPLICATION: Final = "orderstream"
"""Under this name MongoDB lists our connections and sessions."""

JOURNAL: Final = "journal"
RECEIPTS: Final = "receipts"
LEASES: Final = "leases"
SEGMENTS: Final = "segments"
HEARTBEATS: Final = "heartbeats"
DISCARDED: Final = "discarded"


def open_client(settings: WriteSettings, connections: Connections | None = None) -> Client:
    """A client that gives up on an unreachable MongoDB after seconds, not minutes. Close it.

    `connections` are counted where somebody wants to know.
    """
    return AsyncIOMotorClient(
        settings.mongodb_url.get_secret_value(),
        tz_aware=True,
        appname=APPLICATION,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=5_000,
        timeoutMS=None,
        event_listeners=[connections] if connections else [],
    )


def database_of(client: Client, settings: WriteSettings) -> Database:
    """The settings' database; what is acknowledged there is on a majority's disks.

    Whatever the URL says: a decision over what a secondary has would be refused or retried for being late.
    """
    return client.get_database(
        settings.mongodb_database,
        codec_options=CodecOptions(tz_aware=True),
        read_preference=ReadPreference.PRIMARY,
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )
