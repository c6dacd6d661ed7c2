"""A lease: one holder at a time, by MongoDB's clock, given up or run out."""

from pymongo import ReturnDocument

from write_model.mongo.database import LEASES, Database


class Lease:
    """The lease of that name, for one holder. It says who works; something else must say who is right."""

    def __init__(self, database: Database, name: str, holder: str, *, seconds: float) -> None:
        self._leases = database[LEASES]
        self._name = name
        self._holder = holder
        self._milliseconds = int(seconds * 1000)

    async def acquire(self) -> bool:
        """Take it or renew it; False while another holds it."""
        free = {"$or": [{"$eq": ["$holder", self._holder]}, {"$lt": ["$until", "$$NOW"]}]}
        until = {"$add": ["$$NOW", self._milliseconds]}
        taken = {"holder": {"$cond": [free, self._holder, "$holder"]}, "until": {"$cond": [free, until, "$until"]}}
        lease = await self._leases.find_one_and_update(
            {"_id": self._name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return bool(lease["holder"] == self._holder)

    async def release(self) -> None:
        """Give it up, if it is still ours."""
        await self._leases.delete_one({"_id": self._name, "holder": self._holder})
