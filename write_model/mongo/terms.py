"""What a database was made with and keeps: settings that cannot change under the data they shaped."""

from typing import Final

from pymongo import ReturnDocument

from write_model.mongo.database import Database
from write_model.settings import WriteSettings

_TERMS: Final = "terms"
_SHOP: Final = "shop"


class TermsDiffer(Exception):
    """A setting is not what the database was made with; nothing can start."""


async def settle_terms(database: Database, settings: WriteSettings) -> None:
    """Write the settings down the first time; TermsDiffer where they have changed since."""
    asked = {"partitions": settings.partitions, "currency": settings.currency}
    settled = await database[_TERMS].find_one_and_update(
        {"_id": _SHOP}, {"$setOnInsert": asked}, upsert=True, return_document=ReturnDocument.AFTER
    )
    for name, value in asked.items():
        if settled[name] != value:
            raise TermsDiffer(
                f"{name.upper()} is {value}, but this database was made with {settled[name]}: set it back, "
                "or use another MONGODB_DATABASE"
            )
