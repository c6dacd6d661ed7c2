"""Finds orders whose time to be confirmed is over, and sends the ordinary command that cancels them.

Any number may run: the command names the version that was seen, so an order that was confirmed meanwhile, or cancelled
by another, is left as it is.
"""

import asyncio
import logging
from typing import Any, Final

from pymongo.errors import PyMongoError

from write_model.actor import Actor
from write_model.contracts.codec import encode_time
from write_model.mongo.database import Database
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.document import ORDERS
from write_model.orders.lifecycle import Status
from write_model.ports import Clock
from write_model.rejection import Rejection, Unavailable
from write_model.startup import WriteModel, rest

EXPIRY: Final = Actor("system", "expiry")
BATCH: Final = 200
PAUSE_SECONDS: Final = 1.0
"""Between two looks that found nothing; also how late an order may expire."""

_log = logging.getLogger(__name__)


async def expire_due(write_model: WriteModel, database: Database, clock: Clock) -> int:
    """Cancel the orders that are due, at most BATCH of them, the longest due first; answers how many were found."""
    due: dict[str, Any] = {"status": Status.PLACED.value, "confirm_by": {"$lte": encode_time(clock())}}
    found = database[ORDERS.collection].find(due, {"version": 1}).sort("confirm_by", 1).limit(BATCH)
    orders = [(document["_id"], document["version"]) async for document in found]
    await asyncio.gather(*(_expire(write_model, id, version) for id, version in orders))
    return len(orders)


async def _expire(write_model: WriteModel, id: str, version: int) -> None:
    try:
        await write_model.dispatch(CancelOrder(order_id=id, expected_version=version, reason="EXPIRED"), EXPIRY)
    except Rejection as refusal:
        _log.info("%s does not expire: %s", id, refusal)


async def run(write_model: WriteModel, database: Database, clock: Clock, stopping: asyncio.Event) -> None:
    """Round after round until `stopping`; an outage is waited out."""
    while not stopping.is_set():
        try:
            found = await expire_due(write_model, database, clock)
        except (PyMongoError, Unavailable) as error:
            _log.warning("expiry waits: %s", error)
            found = 0
        if found < BATCH:
            await rest(PAUSE_SECONDS, stopping)
