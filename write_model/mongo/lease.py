"""A lease: one holder at a time, by MongoDB's clock, given up or run out."""

import asyncio

from pymongo import ReturnDocument

from write_model.mongo.database import LEASES, Database


class Lease:
    """The lease of that name, for one holder. It says who works; something else must say who is right."""

    def __init__(self, database: Database, name: str, holder: str, *, seconds: float) -> None:
        self._leases = database[LEASES]
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether it is ours for certain: where it was not renewed in time, another may have it."""
        return asyncio.get_running_loop().time() < self._until

    async def acquire(self) -> bool:
        """Take it or renew it; False while another holds it."""
        asked = asyncio.get_running_loop().time()
        free = {"$or": [{"$eq": ["$holder", self._holder]}, {"$lt": ["$until", "$$NOW"]}]}
        until = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        taken = {"holder": {"$cond": [free, self._holder, "$holder"]}, "until": {"$cond": [free, until, "$until"]}}
        lease = await self._leases.find_one_and_update(
            {"_id": self._name}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
        )
        is_ours = bool(lease["holder"] == self._holder)
        self._until = asked + self._seconds if is_ours else 0.0  # by MongoDB's clock it is ours for longer
        return is_ours

    async def release(self) -> None:
        """Give it up, if it is still ours."""
        self._until = 0.0
        await self._leases.delete_one({"_id": self._name, "holder": self._holder})
